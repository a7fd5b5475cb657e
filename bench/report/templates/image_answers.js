// What runs say of the test images, image by image: unpacked from the base64 that their data has.

const NO_CLASS = 65535;

function bytesOf(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

// 1 for each bit that is set, 0 for the others, in their order.
function bitsOf(text, n) {
  const bytes = bytesOf(text);
  return Uint8Array.from({ length: n }, (_, i) => (bytes[i >> 3] >> (i & 7)) & 1);
}

// Classes as numbers; `NO_CLASS` where nothing is predicted.
function classesOf(text) {
  const bytes = bytesOf(text);
  return Uint16Array.from({ length: bytes.length / 2 }, (_, i) => bytes[2 * i] | (bytes[2 * i + 1] << 8));
}

// The places of the images that some of the runs get right and others wrong, those first that divide them most.
function divided(rights, n) {
  const sums = new Uint8Array(n);
  for (const right of rights) right.forEach((bit, i) => { sums[i] += bit; });
  const split = (i) => Math.min(sums[i], rights.length - sums[i]);
  const found = Array.from({ length: n }, (_, i) => i).filter((i) => split(i) > 0);
  return found.sort((a, b) => split(b) - split(a) || a - b);
}

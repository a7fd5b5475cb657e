// Names beside the frontier's points: placed so that they cover neither each other nor a point, and the line only if they must;
// a name that has no place is left out.

const LABEL_FONT = 12;
const LABEL_HEIGHT = 16;
const pen = document.createElement("canvas").getContext("2d");

function labelBox(point, width, [side, rise]) {
  const gap = 9;
  const left = side === 0 ? point.x - width / 2 : side < 0 ? point.x - gap - width : point.x + gap;
  const middle = point.y - rise * (side === 0 ? 18 : 13);
  return { left, right: left + width, top: middle - LABEL_HEIGHT / 2, bottom: middle + LABEL_HEIGHT / 2 };
}

function overlap(a, b) {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

function aroundPoint(point, radius) {
  return { left: point.x - radius, right: point.x + radius, top: point.y - radius, bottom: point.y + radius };
}

// Left of and above a point lies what the frontier rules out: the free side. [-1, 1] is left and above.
const PLACES = [[-1, 1], [-1, 0], [0, 1], [1, -1], [0, -1], [1, 1], [-1, -1], [1, 0]];

// The steps of the line through the front, as thin boxes.
function stepBoxes(front, width) {
  const sorted = [...front].sort((a, b) => a.x - b.x);
  return sorted.flatMap((point, index) => {
    const next = sorted[index + 1] || { x: width, y: point.y };
    const rise = { left: next.x - 2, right: next.x + 2, top: Math.min(point.y, next.y), bottom: Math.max(point.y, next.y) };
    return [{ left: point.x, right: next.x, top: point.y - 2, bottom: point.y + 2 }, rise];
  });
}

// `front` and `others` are {x, y, text} in pixels of a plot area `width` x `height`; returns [{index, box}].
function placeLabels(front, others, width, height, font) {
  pen.font = `${LABEL_FONT}px ${font}`;
  const points = [...front.map((point) => aroundPoint(point, 7)), ...others.map((point) => aroundPoint(point, 5))];
  const lines = stepBoxes(front, width), placed = [];
  for (const [index, point] of [...front.entries()].sort((a, b) => a[1].y - b[1].y)) {
    const size = pen.measureText(point.text).width + 4;
    const boxes = PLACES.map((place) => labelBox(point, size, place));
    const free = boxes.filter(
      (box) =>
        box.left >= 0 && box.right <= width && box.top >= 0 && box.bottom <= height &&
        ![...placed.map((other) => other.box), ...points].some((other) => overlap(box, other)),
    );
    const box = free.find((candidate) => !lines.some((line) => overlap(candidate, line))) || free[0];
    if (box) placed.push({ index, box });
  }
  return placed;
}

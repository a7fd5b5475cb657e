// The data of the overview, as bench.report.site.board_data writes it.

const DATA = globalThis.BENCH.overview;

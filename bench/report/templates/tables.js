// Wires a page that has nothing but tables.

setUpSheets();

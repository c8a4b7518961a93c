"use strict";
// Sorts and filters the boards, and builds a scenario's page from the data in the file.
// Texts come from data sets: they become text nodes, never markup.

const boards = JSON.parse(document.getElementById("data").textContent);
const main = document.getElementById("main");
const page = document.getElementById("scenario");
const SVG = "http://www.w3.org/2000/svg";

function build(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}
const h = (tag, attributes, ...children) =>
  build(document.createElement(tag), attributes, children);
const svg = (tag, attributes, ...children) =>
  build(document.createElementNS(SVG, tag), attributes, children);

// Numbers as the boards write them.
const score = (value, digits = 4) => value.toFixed(digits).replace(/^(-?)0\./, "$1.");
const percent = (value) => `${Math.round(100 * value)} %`;
function seconds(value) {
  if (value >= 3600) return `${(value / 3600).toFixed(1)} h`;
  if (value >= 600) return `${(value / 60).toFixed(0)} min`;
  return `${value.toFixed(value >= 20 ? 0 : value >= 1 ? 1 : 2)} s`;
}

// ---- boards: sorting and filtering

function value(row, column) {
  const text = row.cells[column].dataset.v;
  if (text === "") return null;
  const number = Number(text);
  return Number.isNaN(number) ? text : number;
}

function compare(a, b) {
  if (typeof a === "string" || typeof b === "string") return String(a).localeCompare(b);
  return a - b;
}

function sortRows(table, column, descending) {
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => [value(row, column), row]);
  rows.sort(([a], [b]) => {
    if (a === null || b === null) return (a === null) - (b === null); // gaps come last
    return descending ? compare(b, a) : compare(a, b);
  });
  body.append(...rows.map(([, row]) => row));
  [...table.tHead.rows[0].cells].forEach((head, place) => {
    const order = descending ? "descending" : "ascending";
    if (place === column) head.setAttribute("aria-sort", order);
    else head.removeAttribute("aria-sort");
  });
}

const RISING = ["#", "group", "scenario", "levers", "own", "saved", "status"];

function setUpBoard(section) {
  const table = section.querySelector(":scope > .wide > table");
  const heads = [...table.tHead.rows[0].cells];
  const sortBy = (column, toggle) => {
    const title = heads[column].textContent;
    const now = heads[column].getAttribute("aria-sort");
    const first = !RISING.includes(title); // scores: the best first
    sortRows(table, column, toggle && now ? now === "ascending" : first);
  };
  heads.forEach((head, column) =>
    head.querySelector("button").addEventListener("click", () => sortBy(column, true))
  );
  section.querySelector(".sort").addEventListener("change", (event) =>
    sortBy(Number(event.target.value), false)
  );
  const filter = section.querySelector(".filter");
  const count = section.querySelector(".count");
  const apply = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of table.tBodies[0].rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      shown += !row.hidden;
    }
    const all = table.tBodies[0].rows.length;
    count.textContent = words.length ? `${shown} of ${all} scenarios` : `${all} scenarios`;
  };
  filter.addEventListener("input", apply);
  section.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
  apply();
}

// ---- a scenario's page

function table(titles, rows, kind = "wide") {
  const body = rows.map((row) => h("tr", {}, ...row.map(cell)));
  const kinds = body.length ? [...body[0].cells].map((one) => one.getAttribute("class")) : [];
  const heads = titles.map((title, place) => h("th", { scope: "col", class: kinds[place] || null }, title));
  const head = h("tr", {}, ...heads);
  return h("div", { class: kind }, h("table", {}, h("thead", {}, head), h("tbody", {}, ...body)));
}

function cell(content) {
  if (content instanceof Node) return content;
  const number = /^[-+]?[\d.,]+( s| %| h| min| MB)?$/.test(content);
  return h("td", { class: number ? "n" : null }, text(content));
}

// Isolates text of unknown direction from the text beside it.
const text = (content) => h("bdi", {}, content);

function part(title, ...children) {
  return h("section", {}, h("h2", {}, title), ...children);
}

// Returns counts by true and predicted class from the cells (true, predicted, rows).
function unpack(cells, size) {
  const counts = Array.from({ length: size }, () => new Array(size).fill(0));
  for (let at = 0; at < cells.length; at += 3) counts[cells[at]][cells[at + 1]] = cells[at + 2];
  return counts;
}

const sum = (values) => values.reduce((total, one) => total + one, 0);
const share = (part, whole) => (whole ? part / whole : 0);

function classTable(names, counts) {
  const rows = names.map((name, label) => {
    const hits = counts[label][label];
    const support = sum(counts[label]);
    const predicted = sum(counts.map((row) => row[label]));
    const numbers = [share(hits, predicted), share(hits, support), share(2 * hits, support + predicted)];
    return [name, ...numbers.map((one) => score(one, 3)), support.toLocaleString("en")];
  });
  return table(["class", "precision", "recall", "F1", "rows"], rows);
}

function notable(names, counts) {
  const found = [];
  counts.forEach((row, truth) => {
    const support = sum(row);
    row.forEach((count, predicted) => {
      const part = share(count, support);
      if (truth !== predicted && part >= 0.15) found.push([part, names[truth], names[predicted], count]);
    });
  });
  found.sort((a, b) => b[0] - a[0]);
  if (!found.length) return h("p", {}, "No class is confused with another in 15 % of its rows.");
  const rows = found.map(([part, truth, predicted, count]) => [truth, predicted, count.toLocaleString("en"), percent(part)]);
  return table(["class", "predicted as", "rows", "share"], rows);
}

function matrix(names, counts) {
  const heads = names.map((name) => h("th", { scope: "col", title: name }, h("span", {}, text(name))));
  const rows = counts.map((row, truth) => {
    const support = sum(row);
    const cells = row.map((count, predicted) => {
      const part = share(count, support);
      const words = `${names[truth]} predicted as ${names[predicted]}: ${count} of ${support} rows`;
      return h(
        "td",
        // the root makes small shares visible; frequent mistakes have a colour of their own
        { style: `--v:${Math.sqrt(part).toFixed(3)}`, title: words, class: truth === predicted ? "right" : part >= 0.15 ? "odd" : null },
        part >= 0.005 ? String(Math.round(100 * part)) : ""
      );
    });
    return h("tr", {}, h("th", { scope: "row", title: names[truth] }, text(names[truth])), ...cells);
  });
  const head = h("tr", {}, h("td", {}), ...heads);
  const whole = h("table", {}, h("caption", { class: "away" }, "Confusion matrix"), h("thead", {}, head), h("tbody", {}, ...rows));
  return h("div", { class: "wide heat matrix", tabindex: "0", role: "region", "aria-label": "Confusion matrix" }, whole);
}

function chart(curve) {
  const width = 720, height = 260, left = 56, bottom = 36;
  const lines = Object.entries(curve.lines);
  const points = [...lines.flatMap(([, line]) => line), ...curve.points];
  const ends = (axis) => [Math.min(...points.map((p) => p[axis])), Math.max(...points.map((p) => p[axis]))];
  const [[x0, x1], [y0, y1]] = [ends(0), ends(1)];
  const x = (v) => left + ((v - x0) / (x1 - x0 || 1)) * (width - left - 16);
  const y = (v) => height - bottom - ((v - y0) / (y1 - y0 || 1)) * (height - bottom - 24);
  const grid = [0, 0.25, 0.5, 0.75, 1].flatMap((part) => {
    const v = y0 + part * (y1 - y0);
    return [
      svg("line", { x1: left, x2: width - 16, y1: y(v), y2: y(v) }),
      svg("text", { x: left - 6, y: y(v) + 4, "text-anchor": "end" }, score(v, 3)),
    ];
  });
  const drawn = lines.map(([, line], place) =>
    svg("polyline", { class: `c${place % 4}`, points: line.map(([a, b]) => `${x(a)},${y(b)}`).join(" ") })
  );
  const dots = curve.points.map(([a, b]) => svg("circle", { cx: x(a), cy: y(b), r: 4 }));
  const legend = lines.map(([name], place) =>
    svg("text", { x: left + 150 * place, y: 12 }, `${"●◆■▲"[place % 4]} ${name}`, svg("title", {}, name))
  );
  legend.forEach((one, place) => (one.style.fill = ["var(--accent)", "var(--front)", "#2a9d5c", "#a25bd0"][place % 4]));
  const labels = [
    svg("text", { x: width - 16, y: height - 6, "text-anchor": "end" }, `${curve.x_label} ${x0} to ${x1}`),
  ];
  const drawing = svg(
    "svg",
    { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": curve.title },
    ...grid, ...drawn, ...dots, ...legend, ...labels
  );
  return h("figure", { style: "margin:.5rem 0" }, h("figcaption", {}, curve.title), drawing);
}

function example([place, truth, predicted, sure], board, names) {
  const [id, content, thumbnail] = board.examples[place];
  const picture = thumbnail ? h("img", { src: thumbnail, alt: "" }) : null;
  const said = sure === null ? "" : ` (${percent(sure)})`;
  return h(
    "li", {}, picture,
    h("p", {}, "True: ", h("b", {}, text(names[truth])), ", predicted: ", h("b", {}, text(names[predicted])), said),
    h("p", { dir: "auto" }, content || "(no text)"),
    h("p", { class: "quiet" }, "row ", text(id))
  );
}

function facts(pairs) {
  const rows = pairs.flatMap(([name, content]) => [h("dt", {}, name), h("dd", {}, text(content))]);
  return h("dl", { class: "facts" }, ...rows);
}

function scores(found, board, interval) {
  if (!found) return null;
  const names = { f1_weighted: "weighted F1", f1_macro: "macro F1", accuracy: "accuracy", ari: "adjusted Rand index", purity: "purity" };
  const known = Object.entries(names).filter(([metric]) => metric in found);
  const boxes = known.map(([metric, name]) => {
    const folds = (found.folds || []).map((fold) => score(fold[metric])).join(" ");
    const ends = interval && metric === board.metric ? `95 %: ${interval.map((end) => score(end)).join(" to ")}` : null;
    return h("div", {}, h("small", {}, name), score(found[metric]), ...[ends, folds && `folds ${folds}`].filter(Boolean).map((line) => h("small", {}, line)));
  });
  return h("div", { class: "scores" }, ...boxes);
}

function answers(found, board) {
  const names = found.classes;
  if (found.gap) return [h("p", { class: "bad" }, found.gap)];
  if (found.clusters) return [part("Clusters", table(["cluster", "rows", "most frequent class", "share"], found.clusters))];
  if (!found.confusion) return [];
  const counts = unpack(found.confusion, names.length);
  const wrong = found.examples.map((one) => example(one, board, names));
  return [
    part("Confusion", h("p", { class: "quiet" }, "Rows are true classes, columns predicted ones; percent of the true class. Orange: 15 % or more in another class."), matrix(names, counts)),
    h("div", { class: "pair" }, part("Classes", classTable(names, counts)), part("Notable confusions", notable(names, counts))),
    wrong.length ? part("Wrong predictions, one of each frequent confusion", h("ul", { class: "examples" }, ...wrong)) : null,
  ];
}

function costs(found) {
  const [fit, predict, own, saved] = found.times;
  const rows = found.steps.map(([lever, option, time, memory, flags]) => [
    lever, option, seconds(time), memory === null ? "" : `${Math.round(memory / 1e6).toLocaleString("en")} MB`, flags,
  ]);
  return part(
    "Cost",
    h("p", {}, `fit ${seconds(fit)}, predict ${seconds(predict)}; own ${seconds(own)}, saved by sharing ${seconds(saved)}`),
    rows.length ? table(["step", "option", "time", "memory", ""], rows) : null
  );
}

function failure(found) {
  if (!found.error) return null;
  return h("div", {}, h("p", { class: "bad" }, `${found.status}. ${found.error.type}: ${found.error.message}`),
    found.error.traceback.length ? h("pre", {}, found.error.traceback.join("\n")) : null);
}

function scenarioPage(place, found) {
  const board = boards[place];
  const unranked = found.clusters ? "clustering, not ranked," : found.status;
  const others = board.scenarios.filter((one) => !one.clusters).length;
  const rank = found.rank === null ? unranked : `rank ${found.rank} of ${others}` + (found.group ? `, group ${found.group}` : "");
  return [
    h("a", { class: "back", href: `#b${place}` }, "← back to the board (Esc)"),
    h("h1", {}, found.code, found.name && found.name !== found.code ? text(` ${found.name}`) : null),
    h("p", { class: "quiet" }, `${rank} on ${board.title}`),
    failure(found), scores(found.scores, board, found.interval),
    part("Levers", facts(found.levers)),
    found.search.length ? part("Search", ...found.search.map((line) => h("p", {}, text(line)))) : null,
    ...answers(found, board),
    ...(found.curves.length ? [part("Learning curves", ...found.curves.map(chart))] : []),
    costs(found),
    found.notes.length ? part("Notes", h("ul", {}, ...found.notes.map((note) => h("li", {}, text(note))))) : null,
    part("Origin", facts(found.origin)),
  ].filter((child) => child !== null);
}

// ---- navigation

let leftFrom = null;

// "#s0/T0000-..." names a board and a scenario; users may type any other hash.
function asked() {
  const match = /^#s(\d+)\/([\w-]+)$/.exec(location.hash);
  const board = match && boards[Number(match[1])];
  const found = board && board.scenarios.find((one) => one.code === match[2]);
  return found ? [Number(match[1]), found] : null;
}

function show() {
  const found = asked();
  if (found) {
    page.replaceChildren(...scenarioPage(...found));
    page.hidden = false;
    main.hidden = true;
    window.scrollTo(0, 0);
    page.focus({ preventScroll: true });
    return;
  }
  const wasOpen = !page.hidden;
  page.hidden = true;
  main.hidden = false;
  if (wasOpen && leftFrom) {
    leftFrom.focus({ preventScroll: true });
    leftFrom.scrollIntoView({ block: "center" });
  }
}

function keys(event) {
  const typing = event.target.matches("input, select, textarea");
  if (event.key === "Escape" && !page.hidden) document.querySelector(".back").click();
  else if (event.key === "Escape" && typing) {
    event.target.value = "";
    event.target.dispatchEvent(new Event("input"));
  } else if (event.key === "/" && !typing && page.hidden) {
    event.preventDefault();
    document.querySelector(".filter").focus();
  }
}

document.querySelectorAll(".board").forEach(setUpBoard);
main.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (link) leftFrom = link;
});
window.addEventListener("hashchange", show);
document.addEventListener("keydown", keys);
show();

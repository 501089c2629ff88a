// The list beside the card: how many wait, and the worst lines, each with its clock and its button.
function made(name, className, ...children) {
  return element(name, className ? { className } : {}, ...children);
}

// What is pressed here acts on the desk beside the list.
function tellDesk(name, about) {
  document.dispatchEvent(new CustomEvent("oversight:press", { detail: { name, about } }));
}

function badge(level) {
  return made("span", `ov-badge ov-${level.code}`, level.words);
}

function clock(line) {
  const shown = made("span", line.late ? "ov-clock ov-late" : "ov-clock", line.clock);
  shown.dataset.deadline = line.deadline;
  shown.dataset.before = "% left";
  shown.dataset.after = "% late";
  return shown;
}

function drawLine(line) {
  const facts = made("div", "ov-soft", line.facts);
  const words = made("div", `ov-queue-line${line.mine ? " ov-mine" : ""}`,
    badge(line.level), " ", made("b", "", line.who), " ", clock(line), facts);
  const row = made("li", "", words);
  if (line.open) {
    const open = made("button", "ov-open", "Open");
    open.type = "button";
    open.dataset.item = line.item;
    open.title = `${line.level.words}: ${line.who}`;
    open.addEventListener("click", () => tellDesk("open", line.item));
    row.append(open);
  }
  return row;
}

const NEWER = { name: "newer", words: "Show what is new", key: "V", primary: true };

function drawNewer(about) {
  const mark = made("span", "", "!");
  mark.setAttribute("aria-hidden", "true");
  const note = made("div", "ov-note ov-warning", mark,
    made("p", "", "Something new arrived in the conversation you have open."));
  note.setAttribute("role", "alert");
  const row = made("div", "ov-row");
  drawRow(row, { label: "Something new", buttons: [NEWER], about }, tellDesk);
  return [note, row];
}

function drawList(root, data) {
  const focused = root.querySelector("button:focus")?.dataset.item;
  const parts = data.newer ? drawNewer(data.newer) : [];
  parts.push(made("h3", "ov-queue-head", data.head));
  const counts = data.counts.map((one) => made("span", "", badge(one.level), ` ${one.count}`));
  parts.push(made("div", "ov-counts", ...counts));
  if (data.overdue) parts.push(made("p", "ov-late", data.overdue));
  parts.push(made("ul", "ov-queue", ...data.lines.map((line) => drawLine(line))));
  if (data.rest) parts.push(made("p", "ov-soft", data.rest));
  root.replaceChildren(...parts);
  if (focused) root.querySelector(`button[data-item="${focused}"]`)?.focus();
}

export default function (component) {
  const { data, parentElement } = component;
  drawList(parentElement.querySelector(".ov-queue-box"), data);
}

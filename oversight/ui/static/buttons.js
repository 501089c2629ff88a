// Buttons in rows, each with its key, and before them what was done last.
function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function drawClock(told) {
  const made = element("span", { className: "ov-clock", textContent: told.words });
  made.dataset.deadline = told.deadline;
  made.dataset.before = told.before;
  made.dataset.after = told.after;
  return made;
}

function drawTold(told) {
  const line = element("p", { className: "ov-told" }, element("b", { textContent: told.done }));
  line.setAttribute("role", "status");
  if (told.fate) {
    const fate = element("span", {}, told.clock ? drawClock(told.clock) : told.fate);
    fate.dataset.fate = told.delivery;
    line.append(" · ", fate);
  }
  return line;
}

function drawButton(one, press) {
  const made = element("button", { type: "button", textContent: one.words });
  made.dataset.press = one.name;
  if (one.primary) made.className = "ov-first";
  if (one.key) {
    made.dataset.key = one.key.toLowerCase();
    made.setAttribute("aria-keyshortcuts", one.key);
    made.append(" ", element("kbd", { textContent: one.key }));
  }
  made.addEventListener("click", () => (one.copies ? copyWords(one, made) : press(one.name)));
  return made;
}

async function copyWords(one, button) {
  try {
    await navigator.clipboard.writeText(one.copies);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Could not copy: select the words above";
  }
}

function drawRow(root, row, press) {
  const focused = root.querySelector("button:focus")?.dataset.press;
  const buttons = row.buttons.map((one) => drawButton(one, (name) => press(name, row.about)));
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", row.label);
  const asked = row.shown ? [element("p", { className: "ov-asked", textContent: row.label })] : [];
  root.replaceChildren(...asked, ...(row.told ? [drawTold(row.told)] : []), ...buttons);
  if (focused) root.querySelector(`button[data-press="${focused}"]`)?.focus();
}

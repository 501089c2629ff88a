// A row of buttons, each with its key, and before them what was done last. A press names what it
// was meant for: what was drawn for another card is refused by the server.
const AGAIN_AFTER_MS = 2000;
const TRIES = 10;

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function clock(told) {
  const made = element("span", { className: "ov-clock", textContent: told.words });
  made.dataset.deadline = told.deadline;
  made.dataset.before = told.before;
  made.dataset.after = told.after;
  return made;
}

function lead(told) {
  const line = element("p", { className: "ov-told" }, element("b", { textContent: told.done }));
  line.setAttribute("role", "status");
  if (told.fate) {
    const fate = element("span", {}, told.clock ? clock(told.clock) : told.fate);
    fate.dataset.fate = told.delivery;
    line.append(" · ", fate);
  }
  return line;
}

function drawButton(one, state) {
  const made = element("button", { type: "button", textContent: one.words });
  made.dataset.press = one.name;
  if (one.primary) made.className = "ov-first";
  if (one.key) {
    made.dataset.key = one.key.toLowerCase();
    made.setAttribute("aria-keyshortcuts", one.key);
    made.append(" ", element("kbd", { textContent: one.key }));
  }
  made.addEventListener("click", () => (one.copies ? copy(one, made) : state.press(one.name)));
  return made;
}

async function copy(one, button) {
  try {
    await navigator.clipboard.writeText(one.copies);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Could not copy: select the words above";
  }
}

function draw(root, data, state) {
  const focused = root.querySelector("button:focus")?.dataset.press;
  const buttons = data.buttons.map((one) => drawButton(one, state));
  root.setAttribute("aria-label", data.label);
  const asked = data.shown ? [element("p", { className: "ov-asked", textContent: data.label })] : [];
  root.replaceChildren(...asked, ...(data.told ? [lead(data.told)] : []), ...buttons);
  if (focused) root.querySelector(`button[data-press="${focused}"]`)?.focus();
}

const typing = (target) => target instanceof HTMLElement
  && (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));

function pressKey(root, event) {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const wanted = event.key.toLowerCase();
  const button = [...root.querySelectorAll("button")].find((one) => one.dataset.key === wanted);
  if (!button) return;
  event.preventDefault();
  button.click();
}

// Streamlit keeps only the last of several values that one component sends while the page is busy.
// So all presses without an answer are sent together, and again until the server has answered them;
// the server carries out each of them once.
function press(state, name, about) {
  if (state.waiting.some((one) => one.name === name && one.about === about)) return;
  state.waiting.push({ id: crypto.randomUUID(), name, about });
  state.tries = 0;
  send(state);
}

function send(state) {
  state.sentAt = performance.now();
  state.report("press", { presses: state.waiting, at: Date.now() });
}

const busy = () => document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState === "running";

function sendAgain(state) {
  if (!state.waiting.length || performance.now() - state.sentAt < AGAIN_AFTER_MS || busy()) return;
  state.tries += 1;
  if (state.tries < TRIES) send(state);
  else state.waiting = []; // whoever answers no longer, as after signing out, is not asked for ever
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".ov-row");
  const state = (parentElement.__row ??= { waiting: [] });
  state.report = setTriggerValue;
  state.waiting = state.waiting.filter((one) => !data.answered.includes(one.id));
  state.press = (name) => press(state, name, data.about);
  const drawing = JSON.stringify({ ...data, answered: null });
  if (state.drawing !== drawing) {
    state.drawing = drawing;
    draw(root, data, state);
  }
  if (!state.keys) {
    state.keys = (event) => pressKey(root, event);
    window.addEventListener("keydown", state.keys);
    state.again = setInterval(() => sendAgain(state), 500);
  }
  return () => {
    window.removeEventListener("keydown", state.keys);
    clearInterval(state.again);
    delete parentElement.__row;
  };
}

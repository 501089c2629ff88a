// The desk: one element for all that stands before a reader. What is pressed goes to the console's
// own route and is answered with the desk as it then is; Streamlit, which redraws the page around it,
// took two thirds of the time from a key to the next card.
const TRIES = 10;
const AGAIN_AFTER_MS = 2000;
const PATIENCE_MS = 15000;
const PARTS = ["after", "head", "level", "body", "form", "actions", "more"];
const NO_ANSWER = "The console does not answer. Trying again…";
const GAVE_UP = "The console did not answer, and it is not known whether this was done. Reload the page"
  + " and look. If someone may be in danger, use your site's phone procedure now.";

const FORBIDDEN = "script, style, iframe, object, embed, link, meta, base, form, input, button, svg, math";

// The server escapes every word; should it ever miss one, nothing here runs or leads elsewhere.
function safeNodes(html) {
  const { content } = element("template", { innerHTML: html });
  for (const one of content.querySelectorAll(FORBIDDEN)) one.remove();
  for (const one of content.querySelectorAll("*")) {
    for (const { name, value } of [...one.attributes]) {
      const leads = (name === "href" || name === "src") && !/^\/(?!\/)/.test(value);
      if (name.startsWith("on") || leads) one.removeAttribute(name);
    }
  }
  return content;
}

function drawHtml(root, html) {
  const open = root.querySelector("details")?.open;
  root.replaceChildren(safeNodes(html));
  const details = root.querySelector("details");
  if (details && open) details.open = true;
}

// Only what changed is drawn; a view older than the one on the screen is not.
function drawDesk(state, view) {
  if (view.desk === state.desk && view.number <= state.number) return;
  const item = view.actions.about.split(":")[0];
  if (item !== state.item) for (const one of state.root.querySelectorAll("details")) one.open = false;
  Object.assign(state, { desk: view.desk, number: view.number, item });
  tell(state, "");
  for (const name of PARTS) {
    const drawing = JSON.stringify(view[name]);
    if (state.drawn[name] === drawing) continue;
    state.drawn[name] = drawing;
    const place = state.places[name];
    if (name === "form") drawForm(place, view.form, state);
    else if (typeof view[name] === "string") drawHtml(place, view[name]);
    else drawRow(place, view[name], (pressed, about) => press(state, pressed, about));
  }
}

function tell(state, words) {
  if (state.places.alert.textContent !== words) state.places.alert.textContent = words;
}

// Presses are sent one after another, each until it is answered; the server carries out each once.
function press(state, name, about, answer = {}) {
  if (state.waiting.some((one) => one.name === name && one.about === about)) return;
  state.waiting.push({ id: crypto.randomUUID(), name, about, answer });
  if (!state.sending) sendAll(state);
}

async function sendAll(state) {
  state.sending = true;
  state.root.setAttribute("aria-busy", "true");
  while (state.waiting.length && !state.ended) {
    await answerTo(state, state.waiting[0]);
    state.waiting.shift();
  }
  state.sending = false;
  state.root.removeAttribute("aria-busy");
  document.dispatchEvent(new CustomEvent("oversight:changed"));
}

async function answerTo(state, one) {
  for (let tried = 0; tried < TRIES && !state.ended; tried += 1) {
    const answer = await ask({ ...one, desk: state.desk });
    if (answer?.done === null) {
      await keepSent(one);
      location.reload();
      return;
    }
    if (answer?.done) {
      drawDesk(state, answer.done);
      return;
    }
    if (answer?.error) {
      refuse(state, answer.error, one);
      return;
    }
    tell(state, NO_ANSWER);
    await new Promise((wake) => setTimeout(wake, AGAIN_AFTER_MS));
  }
  refuse(state, GAVE_UP, one);
}

function refuse(state, words, one) {
  tell(state, words);
  state.complain?.(words);
  keepSent(one);
}

// Words that were sent and did not leave are kept, as those being written are.
async function keepSent({ answer }) {
  if (!answer.text || !answer.item || !answer.toThem) return;
  await keepText(answer.item, answer.text).catch(() => {});
}

// The answer, or nothing where there was none that can be read.
async function ask(body) {
  try {
    const answer = await fetch("/desk/press", {
      method: "POST",
      headers: { "content-type": "application/json", "x-oversight": "desk" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    return await answer.json();
  } catch {
    return undefined;
  }
}

const typing = (target) => target instanceof HTMLElement && !["checkbox", "radio"].includes(target.type)
  && (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));

function pressKey(event) {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (document.querySelector("dialog[open]")) return;
  const wanted = event.key.toLowerCase();
  const buttons = [...document.querySelectorAll(".ov-row button[data-key]")];
  const button = buttons.find((one) => one.dataset.key === wanted);
  if (!button) return;
  event.preventDefault();
  button.click();
}

function layOut(parentElement) {
  const root = parentElement.querySelector(".ov-desk");
  const alert = element("div", { className: "ov-trouble" });
  alert.setAttribute("role", "alert");
  const places = { alert };
  for (const name of PARTS) places[name] = element("div", { className: `ov-place ov-place-${name}` });
  for (const name of ["after", "level", "actions", "more"]) places[name].classList.add("ov-row");
  root.replaceChildren(alert, ...PARTS.map((name) => places[name]));
  const state = { root, places, drawn: {}, waiting: [], number: 0 };
  addSheets(root, state);
  state.keys = (event) => { if (!openSheet(state, event)) pressKey(event); };
  state.asked = ({ detail }) => press(state, detail.name, detail.about);
  window.addEventListener("keydown", state.keys);
  document.addEventListener("oversight:press", state.asked);
  return state;
}

export default function (component) {
  const { data, parentElement } = component;
  const state = (parentElement.__desk ??= layOut(parentElement));
  state.ended = false;
  drawKeys(state, data.keys);
  if (!state.sending) drawDesk(state, data.view);
  return () => {
    state.ended = true;
    state.keepWords?.();
    window.removeEventListener("keydown", state.keys);
    document.removeEventListener("oversight:press", state.asked);
    delete parentElement.__desk;
  };
}

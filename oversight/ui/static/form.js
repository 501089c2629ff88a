// The form of one decision: text with a live word diff, flags, reason, next owner. It saves
// unfinished wording every two seconds to the record and sends only when told to.
const SAVE_AFTER = 1500;
const WORDS = /(\s+|[^\s\p{L}\p{N}]|[\p{L}\p{N}]+)/gu;

// Longest common subsequence over words; long texts are first trimmed of what they share.
function wordDiff(before, after) {
  const a = before.match(WORDS) ?? [];
  const b = after.match(WORDS) ?? [];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  const x = a.slice(start, a.length - end);
  const y = b.slice(start, b.length - end);
  const middle = x.length * y.length > 4_000_000
    ? [["gone", x.join("")], ["new", y.join("")]]
    : middleDiff(x, y);
  return [["same", a.slice(0, start).join("")], ...middle, ["same", end ? a.slice(-end).join("") : ""]]
    .filter(([, text]) => text);
}

function middleDiff(x, y) {
  const width = y.length + 1;
  const best = new Uint32Array((x.length + 1) * width);
  for (let i = x.length - 1; i >= 0; i -= 1) {
    for (let j = y.length - 1; j >= 0; j -= 1) {
      best[i * width + j] = x[i] === y[j]
        ? best[(i + 1) * width + j + 1] + 1
        : Math.max(best[(i + 1) * width + j], best[i * width + j + 1]);
    }
  }
  const parts = [];
  const push = (kind, text) => {
    if (parts.length && parts.at(-1)[0] === kind) parts.at(-1)[1] += text;
    else parts.push([kind, text]);
  };
  let [i, j] = [0, 0];
  while (i < x.length || j < y.length) {
    if (i < x.length && j < y.length && x[i] === y[j]) { push("same", x[i]); i += 1; j += 1; }
    else if (j >= y.length || (i < x.length && best[(i + 1) * width + j] >= best[i * width + j + 1])) {
      push("gone", x[i]); i += 1;
    } else { push("new", y[j]); j += 1; }
  }
  return parts;
}

function drawDiff(box, before, after) {
  const marks = { same: "span", gone: "del", new: "ins" };
  box.replaceChildren(...wordDiff(before, after).map(
    ([kind, text]) => element(marks[kind], { textContent: text }),
  ));
}

function build(root, data, state) {
  const form = element("form", { className: "ov-form", noValidate: true });
  form.setAttribute("aria-label", data.title);
  form.append(element("h3", { textContent: data.title }));
  if (data.hint) form.append(element("p", { className: "ov-hint", textContent: data.hint }));
  const trouble = element("p", { className: "ov-trouble", hidden: true });
  trouble.setAttribute("role", "alert");
  const fields = {};

  if (data.text) {
    const id = `ov-text-${data.id}`;
    const area = element("textarea", { id, value: data.text.value, maxLength: 20000, rows: 6 });
    area.lang = data.text.language || "";
    const saved = element("span", { className: "ov-saved" });
    saved.setAttribute("aria-live", "polite");
    form.append(element("label", { htmlFor: id, textContent: data.text.label }), area);
    const before = data.text.before ?? "";
    if (before) {
      const diff = element("div", { className: "ov-diff", tabIndex: 0 });
      diff.setAttribute("aria-label", "What changes, word by word");
      form.append(element("div", { className: "ov-diff-head", textContent: "What changes" }), diff);
      const redraw = () => drawDiff(diff, before, area.value);
      area.addEventListener("input", redraw);
      redraw();
    }
    form.append(saved);
    area.addEventListener("input", () => keep(data, state, area, saved));
    fields.text = () => area.value;
  }
  if (data.flags) {
    const legend = element("legend", { textContent: data.flags.label });
    const set = element("fieldset", {}, legend);
    const list = element("div", { className: "ov-flag-list" });
    for (const group of data.flags.groups) {
      const row = element("div", { className: "ov-flags" });
      row.append(element("div", { className: "ov-flag-group", textContent: group.label }));
      for (const flag of group.flags) {
        const box = element("input", { type: "checkbox", value: flag.code });
        box.checked = flag.chosen;
        row.append(element("label", {}, box, element("span", { textContent: flag.text })));
      }
      list.append(row);
    }
    if (data.flags.required) {
      list.classList.add("ov-flag-box");
      set.append(list);
    } else {
      set.replaceChildren(element("details", {}, element("summary", { textContent: data.flags.label }), list));
      set.setAttribute("aria-label", data.flags.label);
    }
    form.append(set);
    fields.flags = () => [...set.querySelectorAll("input:checked")].map((box) => box.value);
  }
  if (data.choice) {
    const id = `ov-choice-${data.id}`;
    const select = element("select", { id });
    select.append(element("option", { value: "", textContent: data.choice.empty }));
    for (const [value, text] of data.choice.options) {
      select.append(element("option", { value, textContent: text }));
    }
    form.append(element("label", { htmlFor: id, textContent: data.choice.label }), select);
    fields.choice = () => select.value;
  }
  if (data.reason) {
    const id = `ov-reason-${data.id}`;
    const reason = element("input", { id, type: "text", maxLength: 1000, autocomplete: "off" });
    reason.required = Boolean(data.reason.required);
    form.append(element("label", { htmlFor: id, textContent: data.reason.label }), reason);
    if (data.reason.suggestions?.length) {
      const list = element("div", { className: "ov-suggestions" });
      for (const words of data.reason.suggestions) {
        const pick = element("button", { type: "button", textContent: words });
        pick.addEventListener("click", () => { reason.value = words; reason.focus(); });
        list.append(pick);
      }
      form.append(list);
    }
    fields.reason = () => reason.value;
  }
  form.append(trouble);
  const send = element("button", { type: "submit", className: "ov-send", textContent: data.submit });
  const keys = element("kbd", { textContent: "Ctrl+Enter" });
  send.append(" ", keys);
  const cancel = element("button", { type: "button", className: "ov-cancel", textContent: "Go back" });
  cancel.append(" ", element("kbd", { textContent: "Esc" }));
  form.append(element("div", { className: "ov-buttons" }, send, cancel));

  const gather = () => Object.fromEntries(Object.entries(fields).map(([name, read]) => [name, read()]));
  const complain = (words, field) => {
    state.sent = false;
    send.disabled = false;
    trouble.textContent = words;
    trouble.hidden = false;
    if (field) form.querySelector(field)?.focus({ preventScroll: true });
    trouble.scrollIntoView({ block: "nearest" });
  };
  const submit = () => {
    if (state.sent) return;
    const values = gather();
    const missing = firstMissing(data, values);
    if (missing) { complain(...missing); return; }
    state.sent = true;
    send.disabled = true;
    forget(state);
    press(state, "send", data.id, { ...values, item: data.item });
  };
  form.addEventListener("submit", (event) => { event.preventDefault(); submit(); });
  const leave = () => { keepNow(state); press(state, "close", data.id); };
  cancel.addEventListener("click", leave);
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); submit(); }
    if (event.key === "Escape") { event.preventDefault(); leave(); }
    event.stopPropagation();
  });
  root.replaceChildren(form);
  const first = form.querySelector("textarea, select, input[type=text]");
  first?.focus();
  if (first?.setSelectionRange && data.text) first.setSelectionRange(first.value.length, first.value.length);
  form.scrollIntoView({ block: "end" });
  return complain;
}

// What to say, and the field to go to; nothing when the form can be sent.
function firstMissing(data, values) {
  if (data.text && !values.text.trim()) return ["Write the text to send first.", "textarea"];
  if (data.text?.mustChange && values.text === data.text.before) {
    return ["The text is unchanged. Change it, or go back and approve it.", "textarea"];
  }
  if (data.flags?.required && !values.flags.length) {
    return ["Choose what was wrong with the draft.", "input[type=checkbox]"];
  }
  if (data.choice?.required && !values.choice) return [data.choice.missing, "select"];
  if (data.reason?.required && !values.reason.trim()) return ["Write a reason first.", "input[type=text]"];
  return null;
}

function forget(state) {
  clearTimeout(state.timer);
  state.save = null;
}

// Whoever leaves the form or the page within a second of typing loses nothing either.
function keepNow(state) {
  const save = state.save;
  forget(state);
  save?.();
}

function keepText(item, text) {
  return fetch("/desk/wording", {
    method: "POST",
    keepalive: true,
    headers: { "content-type": "application/json", "x-oversight": "desk" },
    body: JSON.stringify({ item, text }),
  });
}

function keep(data, state, area, saved) {
  clearTimeout(state.timer);
  saved.textContent = "";
  const save = async () => {
    forget(state);
    try {
      const answer = await keepText(data.item, area.value);
      saved.textContent = answer.ok ? "Kept" : "Not kept yet: the record cannot be reached. Go on writing.";
      if (!answer.ok) later(state, save, 3000);
    } catch {
      saved.textContent = "Not kept yet: no connection. Go on writing.";
      later(state, save, 3000);
    }
  };
  later(state, save, SAVE_AFTER);
}

function later(state, save, milliseconds) {
  state.save = save;
  state.timer = setTimeout(save, milliseconds);
}

// The words of a form that goes are kept; those of one that stays are never touched.
function drawForm(root, data, state) {
  state.keepWords = () => keepNow(state);
  if (!data) {
    keepNow(state);
    state.form = state.complain = null;
    root.replaceChildren();
    return;
  }
  if (state.form !== data.id) {
    keepNow(state);
    Object.assign(state, { form: data.id, sent: false, trouble: "" });
    state.complain = build(root, data, state);
  }
  if (data.trouble && data.trouble !== state.trouble) state.complain(data.trouble.split("\u0000")[0]);
  state.trouble = data.trouble;
}

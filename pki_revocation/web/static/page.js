/* What the page does beside its forms, which work without it: typing errors are told before anything is sent, a pasted
   line is put into its fields, the other language takes along what was chosen, and a confirmation keeps its last lines
   fresh. Sends nothing of what was typed, keeps nothing. The rules are those of crockford.py, numbers.py, codes.py,
   web/input_repair.py and web/complaints.py, and tests hold both together. */

"use strict";

const reading = (() => {
  const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  const SEPARATORS = /[\t-\r \u0085\u00a0\u00ad\u1680\u2000-\u200f\u2028-\u202f\u205f-\u2064\u2066-\u206f\u3000\ufeff.\u2010-\u2015\u2212\ufe58\ufe63\uff0d-]+/g;
  const BETWEEN_WORDS = /[\t-\r \u0085\u00a0\u2000-\u200f\u2028-\u202f\u2066-\u2069\u3000\ufeff,;:|/=()<>"']+/;
  const DIGITS = 12;
  const CODE_LENGTHS = [17, 25];
  const LONGEST_LINE = 200;
  const MOST_WORDS = 40;

  const symbols = (text) => text.replace(SEPARATORS, "").replace(/[a-z]/g, (letter) => letter.toUpperCase())
    .replace(/O/g, "0").replace(/[IL]/g, "1");

  function isNumber(text) {
    const digits = symbols(text);
    // ISO 7064 mod 97,10: the whole, check digits included, leaves 1.
    return /^[0-9]{12}$/.test(digits) && Number(digits) % 97 === 1;
  }

  function isCode(text) {
    const code = symbols(text);
    if (!CODE_LENGTHS.includes(code.length)) return false;
    let value = 0;
    for (const symbol of code.slice(0, -1)) {
      const place = ALPHABET.indexOf(symbol);
      if (place < 0) return false;
      value = (value * 32 + place) % 37;
    }
    return value === ALPHABET.indexOf(code.slice(-1));
  }

  function runs(words, lengths) {
    const found = [];
    words.forEach((_, begin) => {
      let joined = "";
      for (let end = begin; end < words.length && joined.length <= Math.max(...lengths); end += 1) {
        joined += words[end];
        if (lengths.includes(joined.length)) found.push([begin, end + 1, joined]);
      }
    });
    return found;
  }

  function pairs(text) {
    if ([...text].length > LONGEST_LINE) return [];
    const found = [];
    const take = (number, code) => { if (isNumber(number) && isCode(code)) found.push([number, code]); };
    const whole = symbols(text);
    for (const length of CODE_LENGTHS) {
      if (whole.length === DIGITS + length) {
        take(whole.slice(0, DIGITS), whole.slice(DIGITS));
        take(whole.slice(length), whole.slice(0, length));
      }
    }
    const words = text.split(BETWEEN_WORDS).map(symbols).filter((word) => word);
    if (words.length > MOST_WORDS) return found;
    const numbers = runs(words, [DIGITS]);
    for (const [begin, end, code] of runs(words, CODE_LENGTHS)) {
      for (const [first, last, number] of numbers) {
        if (last <= begin || end <= first) take(number, code);
      }
    }
    return found;
  }

  function sortedOut(number, code) {
    if (isNumber(number) && isCode(code)) return [number, code];
    if (isNumber(code) && isCode(number)) return [code, number];
    const found = [...new Map([number, code].flatMap(pairs).map((pair) => [pair.join(" "), pair])).values()];
    // One long code in 37 ends in what reads as a short one.
    const whole = found.filter((pair) => !found.some((other) =>
      pair !== other && pair[0] === other[0] && other[1].includes(pair[1])));
    return whole.length === 1 ? whole[0] : [number, code];
  }

  // What is wrong with a number or a code, by the names of web/complaints.py; the empty text where nothing is.
  function numberComplaint(text) {
    const digits = symbols(text);
    if (!digits) return "empty";
    if (!/^[0-9]+$/.test(digits)) return "symbols";
    if ([...digits].length !== DIGITS) return "length";
    return isNumber(text) ? "" : "mistyped";
  }

  function codeComplaint(text) {
    const code = symbols(text);
    if (!code) return "empty";
    if ([...code].some((symbol) => !ALPHABET.includes(symbol))) return "symbols";
    if (!CODE_LENGTHS.includes(code.length)) return "length";
    return isCode(text) ? "" : "mistyped";
  }

  // Of the lengths that codes have, the one that is nearest to what was typed.
  const lengthMeant = (count) => CODE_LENGTHS
    .reduce((best, length) => (Math.abs(length - count) < Math.abs(best - count) ? length : best));

  const grouped = (text, between) => text.match(/.{1,4}/g).join(between);

  return { symbols, isNumber, isCode, numberComplaint, codeComplaint, lengthMeant, sortedOut, grouped };
})();

/* Number and code: what the server would say of a typing error, said before anything is sent. */
function checkBeforeSending(form) {
  const number = form.elements.number;
  const code = form.elements.code;
  const title = document.title;

  const isSafe = () => reading.isNumber(number.value) && reading.isCode(code.value);

  // A pasted line with both, or the fields the wrong way round, is put right where people can see it.
  function sortOut() {
    const [itsNumber, itsCode] = reading.sortedOut(number.value, code.value);
    if (itsNumber === number.value && itsCode === code.value) return false;
    number.value = reading.grouped(reading.symbols(itsNumber), " ");
    code.value = reading.grouped(reading.symbols(itsCode), "-");
    return true;
  }

  const complaintOf = { number: reading.numberComplaint, code: reading.codeComplaint };

  function formErrorOf(field) {
    const complaint = complaintOf[field.id](field.value);
    if (!complaint) return "";
    const count = reading.symbols(field.value).length;
    return form.dataset[`${field.id}${complaint[0].toUpperCase()}${complaint.slice(1)}`]
      .replace("{count}", count).replace("{whole}", reading.lengthMeant(count));
  }

  function show(field, text) {
    document.getElementById(`${field.id}-form-error`)?.remove();
    field.removeAttribute("aria-invalid");
    field.setAttribute("aria-describedby", `${field.id}-hint`);
    if (!text) return;
    const line = document.createElement("p");
    line.className = "form-error";
    line.id = `${field.id}-form-error`;
    const mark = document.createElement("span");
    mark.className = "unseen";
    mark.textContent = `${form.dataset.error} `;
    line.append(mark, text);
    field.before(line);
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", `${field.id}-hint ${field.id}-form-error`);
  }

  function summarise(formErrors) {
    document.getElementById("form-errors")?.remove();
    const box = document.createElement("div");
    box.className = "summary";
    box.id = "form-errors";
    box.tabIndex = -1;
    box.setAttribute("role", "alert");
    box.setAttribute("aria-labelledby", "form-errors-title");
    const heading = document.createElement("h2");
    heading.id = "form-errors-title";
    heading.textContent = form.dataset.summary;
    const list = document.createElement("ul");
    for (const [field, text] of formErrors) {
      const link = document.createElement("a");
      link.href = `#${field.id}`;
      link.textContent = text;
      const item = document.createElement("li");
      item.append(link);
      list.append(item);
    }
    box.append(heading, list);
    document.getElementById("main").prepend(box);
    if (!title.startsWith(form.dataset.error)) document.title = `${form.dataset.error} ${title}`;
    box.focus();
  }

  form.addEventListener("submit", (event) => {
    sortOut();
    const found = [number, code].map((field) => [field, formErrorOf(field)]);
    for (const [field, text] of found) show(field, text);
    const formErrors = found.filter(([, text]) => text);
    if (formErrors.length === 0) return;
    event.preventDefault();
    summarise(formErrors);
  });

  // What was put right is complained of no longer.
  function settle(field) {
    if (!field.hasAttribute("aria-invalid") || formErrorOf(field)) return;
    show(field, "");
    const box = document.getElementById("form-errors");
    box?.querySelector(`a[href="#${field.id}"]`)?.closest("li").remove();
    if (!box || box.querySelector("li")) return;
    box.remove();
    document.title = title.replace(`${form.dataset.error} `, "");
  }

  for (const field of [number, code]) {
    field.addEventListener("input", () => settle(field));
    field.addEventListener("paste", () => setTimeout(() => {
      if (sortOut() && isSafe()) document.getElementById("sorted").textContent = form.dataset.sorted;
    }));
  }
}

/* The summary's links lead to the field itself, also where a browser would only scroll. */
document.addEventListener("click", (event) => {
  const link = event.target.closest?.(".summary a");
  const field = link && document.getElementById(link.hash.slice(1));
  if (!field) return;
  event.preventDefault();
  field.focus();
});

/* What relying parties see now: asked again until all of it is there, and less and less often; or when one asks. */
function keepFresh(section) {
  const lines = section.querySelector("ul");
  let wait = 1000;

  // Gives whether nothing more will come.
  async function look() {
    try {
      const answer = await fetch(section.dataset.address, { cache: "no-store", credentials: "omit" });
      if (answer.status === 404) return true;
      if (answer.ok) {
        const now = await answer.json();
        const said = [...lines.children].map((line) => line.textContent);
        // A screen reader says a line that changed, and not the same lines each time.
        if (said.join("\n") !== now.lines.join("\n")) {
          lines.replaceChildren(...now.lines.map((text) => {
            const line = document.createElement("li");
            line.textContent = text;
            return line;
          }));
        }
        section.querySelector(".looked").textContent = now.looked;
        return now.settled;
      }
    } catch {
      // Without a network what is shown stays, with the time at which it was true.
    }
    return false;
  }

  async function goOnLooking() {
    if (await look()) return;
    wait = Math.min(wait * 1.5, 30000);
    setTimeout(goOnLooking, wait);
  }

  section.querySelector("#look-again").addEventListener("click", (event) => {
    event.preventDefault();
    look();
  });
  if (section.dataset.settled !== "true") setTimeout(goOnLooking, wait);
}

/* Without this script the other language shows what was chosen when the step was sent last. */
function takeChoicesAlong(languages, choices) {
  languages.addEventListener("formdata", (event) => {
    for (const [name, value] of new FormData(choices)) {
      if (name !== "csrf_token" && name !== "ticket") event.formData.set(name, value);
    }
  });
}

const form = document.getElementById("identify");
if (form) checkBeforeSending(form);
const languages = document.querySelector(".languages form");
const choices = document.getElementById("reasons") ?? document.getElementById("raise");
if (languages && choices) takeChoicesAlong(languages, choices);
const visible = document.getElementById("visible");
if (visible) keepFresh(visible);

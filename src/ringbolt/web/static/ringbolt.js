/* Small enhancements; every page works without this file. Live updates are htmx's. */
(() => {
  const root = document.documentElement; // its data are the words of the visitor's language
  root.classList.add("js"); // shows the buttons that need scripts
  const say = (text) => { // one polite announcer for the whole page
    let box = document.getElementById("announcer");
    if (!box) {
      box = document.createElement("div");
      box.id = "announcer";
      box.className = "vh";
      box.setAttribute("role", "status");
      document.body.append(box);
    }
    box.textContent = "";
    requestAnimationFrame(() => { box.textContent = text; });
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy],[data-copy-pre],[data-print]");
    if (!button) return;
    if ("print" in button.dataset) return print();
    const block = "copyPre" in button.dataset ? button.closest(".cmd").querySelector("pre") : null;
    try {
      await navigator.clipboard.writeText(block ? block.innerText : button.dataset.copy);
    } catch { // refused: the text is marked, to be copied by hand
      if (block) getSelection().selectAllChildren(block);
      else button.parentElement.querySelector("input")?.select();
      return;
    }
    const label = button.querySelector("span"), before = label.textContent;
    label.textContent = root.dataset.copied;
    say(root.dataset.copied);
    setTimeout(() => { label.textContent = before; }, 2500);
  });
  // The seconds left come from the server, so the visitor's clock does not matter. Spoken twice:
  // with two minutes left, and at the end.
  const units = { day: 86400, hour: 3600, minute: 60 };
  const written = (left) => {
    if (left <= 120) return `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    const unit = left > 172800 ? "day" : left > 7200 ? "hour" : "minute";
    const format = new Intl.NumberFormat(root.lang, { style: "unit", unit, unitDisplay: "long" });
    return format.format(Math.ceil(left / units[unit]));
  };
  const ends = new WeakMap(); // when each clock ends, and what it was told: a swap tells it anew
  const count = (clock) => {
    const until = clock.dataset.until;
    if (ends.get(clock)?.until === until && clock.textContent) return;
    const mine = { until };
    ends.set(clock, mine);
    const end = performance.now() + 1000 * until;
    let isSaid = until <= 120;
    const tick = () => {
      if (!clock.isConnected || ends.get(clock) !== mine) return;
      const left = Math.max(0, Math.round((end - performance.now()) / 1000));
      clock.textContent = `(${root.dataset.left.replace("{}", written(left))})`;
      if (left <= 120 && !isSaid) { isSaid = true; if (clock.dataset.soon) say(clock.dataset.soon); }
      if (left > 0) setTimeout(tick, left > 120 ? 15000 : 1000);
      else if (clock.dataset.over) say(clock.dataset.over);
    };
    tick();
  };
  // A wallet in the browser (WebLN): its button is shown only where an extension offers one. A held
  // payment stays pending until the order is over, so nothing is awaited; the stream tells.
  const offerWebln = () => {
    if (!window.webln) return;
    for (const button of document.querySelectorAll("[data-webln]")) button.hidden = false;
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-webln]");
    if (!button || button.disabled) return;
    button.disabled = true;
    try {
      await window.webln.enable();
      await window.webln.sendPayment(button.dataset.webln);
    } catch {
      button.disabled = false;
      say(button.dataset.refused);
      button.querySelector("span").textContent = button.dataset.refused;
    }
  });
  const countAll = () => document.querySelectorAll("[data-until]").forEach(count);
  countAll();
  offerWebln();
  window.addEventListener("webln:ready", offerWebln);
  // The title and the state of the page follow the parts that a stream has swapped.
  document.addEventListener("htmx:after:swap", () => {
    const head = document.querySelector("[data-title]"), main = document.querySelector("main");
    if (head) {
      document.title = head.dataset.title;
      main.dataset.state = head.dataset.orderState;
    }
    countAll();
    offerWebln();
  });
})();

/* Watches the stream of a page. It says something every 15 seconds; when it is silent for longer,
   the page says so, and asks for its parts itself until the stream is back. */
(() => {
  const parts = document.querySelector("[data-panel]");
  if (!parts) return;
  const SILENT_MS = 20000, POLL_MS = 5000;
  const notice = document.getElementById("offline");
  let heard = performance.now(), isConnected = false, isOver = false, isAsking = false, tag = "";
  const hears = () => { heard = performance.now(); notice.hidden = true; };
  const ends = () => { isOver = true; notice.hidden = true; };
  const connect = () => {
    const url = parts.getAttribute("hx-sse:connect");
    if (url && !isConnected) htmx.ajax("GET", url, { source: parts });
  };
  const ask = async () => {
    if (isAsking || isOver) return;
    isAsking = true;
    try {
      const answer = await fetch(parts.dataset.panel, { headers: tag ? { "If-None-Match": tag } : {} });
      if (answer.status === 200) {
        tag = answer.headers.get("ETag") ?? "";
        const swap = parts.getAttribute("hx-swap");
        await htmx.swap({ sourceElement: parts, target: parts, swap, text: await answer.text() });
        if (!parts.querySelector("[data-live]")) ends();
      }
      connect();
    } catch { /* no network: the notice stays, and the next round asks again */ }
    isAsking = false;
  };
  for (const name of ["alive", "htmx:sse:after:message"]) parts.addEventListener(name, hears);
  parts.addEventListener("htmx:sse:after:connection", () => { isConnected = true; hears(); });
  parts.addEventListener("htmx:sse:close", () => { isConnected = false; });
  parts.addEventListener("over", ends);
  setInterval(() => {
    // A hidden page rests: its stream was let go, and begins again when it is seen.
    if (isOver || document.hidden || performance.now() - heard < SILENT_MS) return;
    notice.hidden = false;
    ask();
  }, POLL_MS);
  // A page that slept, was kept for the back button or had no network may show what is long past.
  document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });
  document.addEventListener("resume", ask);
  window.addEventListener("online", ask);
  window.addEventListener("pageshow", (event) => { if (event.persisted) ask(); });
})();

/* The play wallet's camera: reads the QR code of an invoice where the browser can (BarcodeDetector). */
(() => {
  const button = document.querySelector("[data-scan]");
  const field = document.getElementById("invoice"), view = document.getElementById("camera");
  if (!button || !window.BarcodeDetector || !navigator.mediaDevices) return;
  button.hidden = false;
  let stream = null;
  const stop = () => {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    view.hidden = true;
  };
  const look = async (reader) => {
    if (!stream) return;
    const found = await reader.detect(view).catch(() => []);
    const code = found.find((each) => /^(lightning:)?ln/i.test(each.rawValue));
    if (!code) return setTimeout(look, 200, reader);
    field.value = code.rawValue.replace(/^lightning:/i, "").toLowerCase();
    stop();
    field.focus();
  };
  button.addEventListener("click", async () => {
    if (stream) return stop();
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch {
      button.hidden = true; // no camera, or it was refused: the invoice can be pasted
      return field.focus();
    }
    view.srcObject = stream;
    view.hidden = false;
    view.play().catch(() => {}); // it may be stopped before it has begun
    look(new BarcodeDetector({ formats: ["qr_code"] }));
  });
})();

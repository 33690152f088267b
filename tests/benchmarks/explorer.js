/**
 * What the page notes for tests/benchmarks/explorer.py: when a key was pressed or a pointer moved, when the picture or
 * the text that answers was on the screen, and how many bytes came from the kernel.
 *
 * "On the screen" is the first task after the next animation frame: by then the frame was handed to the compositor.
 */
(() => {
  const bench = { started: 0, painted: 0, count: 0, bytes: 0, area: 0, hovering: 0, told: [], resting: 0, exact: [] };
  window.bench = bench;

  const afterFrame = (act) =>
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => act(performance.now());
      port2.postMessage(0);
    });

  const mark = () => afterFrame((now) => Object.assign(bench, { painted: now, count: bench.count + 1 }));

  addEventListener("keydown", (event) => (bench.started = event.timeStamp), true);
  addEventListener("pointermove", () => (bench.hovering ||= bench.resting = performance.now()), true);

  // Ours writes the serial of a painted frame, and the line of what is hovered; notebook-nd-viewer sets a new <img>.
  new MutationObserver((changes) => {
    if (changes.some(({ type, attributeName }) => type === "attributes" && attributeName === "data-serial")) mark();
    for (const node of changes.flatMap(({ addedNodes }) => [...addedNodes])) {
      const images = node.querySelectorAll ? [node, ...node.querySelectorAll("img")] : [];
      for (const image of images) if (image.alt === "Rendered image layer") image.decode().then(mark, () => {});
    }
    const inOutput = ({ target }) => (target.closest ? target : target.parentElement)?.closest(".jp-OutputArea");
    if (bench.hovering && changes.some(inOutput)) {
      const started = bench.hovering;
      bench.hovering = 0;
      const written = performance.now() - started;
      afterFrame((now) => bench.told.push([written, now - started]));
    }
    // Of a pooled cell ours asks the kernel for the exact value.
    const value = document.querySelector(".tfnp-explorer-value");
    if (bench.resting && value && value.textContent !== "…") {
      const started = bench.resting;
      bench.resting = 0;
      afterFrame((now) => bench.exact.push(now - started));
    }
  }).observe(document, { subtree: true, childList: true, characterData: true, attributeFilter: ["data-serial"] });

  // tensor-visualizer draws into a canvas; of ours the largest picture is what is visible.
  const { putImageData, drawImage } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.putImageData = function (...given) {
    putImageData.apply(this, given);
    if (this.canvas.isConnected && !this.canvas.className.includes("tfnp")) mark();
  };
  CanvasRenderingContext2D.prototype.drawImage = function (...given) {
    drawImage.apply(this, given);
    if (this.canvas.isConnected && given.length === 9) bench.area = given[7] * given[8];
  };

  const Plain = WebSocket;
  window.WebSocket = class extends Plain {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data }) => (bench.bytes += data.byteLength ?? data.size ?? data.length));
    }
  };
})();

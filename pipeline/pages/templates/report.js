// Panels stand side by side on a desk, one below the other on a phone. "room" is what stands beside
// a panel, in pixels: its axis and the names of its lines. As charts/style.py does it for paper.
function fit(spec, width) {
  const room = spec.usermeta?.room;
  if (room === undefined) return spec;
  const columns = width < 480 ? 1 : spec.columns;
  const panels = spec.concat.map((panel) => ({ ...panel, width: Math.floor(width / columns) - room }));
  return { ...spec, columns, concat: panels };
}

function draw(name, spec) {
  const figure = document.getElementById(name);
  const image = figure.querySelector("img");
  const chart = document.createElement("div");
  chart.className = "chart";
  image.before(chart);
  const options = { ast: true, actions: false, renderer: "svg", defaultStyle: false };
  let drawn = 0;
  const render = () => {
    const width = Math.floor(figure.clientWidth);
    if (width === drawn || width === 0) return;
    drawn = width;
    vegaEmbed(chart, fit(spec, width), options).then(() => {
      const svg = chart.querySelector("svg");
      svg.setAttribute("role", "img"); // one picture, told by its description, not mark by mark
      svg.setAttribute("aria-label", image.alt);
      figure.classList.add("live");
    }, console.error);
  };
  new ResizeObserver(render).observe(figure);
}

const charts = JSON.parse(document.getElementById("charts").textContent);
for (const [name, spec] of Object.entries(charts)) draw(name, spec);
if (matchMedia("(max-width: 60rem)").matches) document.querySelector("nav details").open = false;

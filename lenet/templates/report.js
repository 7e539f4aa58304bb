// A chart with "concat" has no container width of its own: side by side on a desk, one below the other on a phone.
// Beside each panel there is room for its axis and, where the chart asks for more, for the names of its lines.
function fit(spec, width) {
  if (!spec.concat) return spec;
  const columns = width < 560 ? 1 : spec.columns;
  return { ...spec, columns, concat: spec.concat.map((panel) => ({ ...panel, width: Math.floor(width / columns) - (spec.usermeta?.room ?? 75) })) };
}

function draw(name, spec) {
  const figure = document.getElementById(name);
  const image = figure.querySelector("img");
  const chart = document.createElement("div");
  chart.className = "chart";
  chart.setAttribute("role", "img");
  chart.setAttribute("aria-label", image.alt);
  image.before(chart);
  const options = { ast: true, actions: false, renderer: "svg", defaultStyle: false };
  let drawn = 0;
  const render = () => {
    const width = Math.floor(figure.clientWidth);
    if (width === drawn || width === 0 || (drawn && !spec.concat)) return;
    drawn = width;
    vegaEmbed(chart, fit(spec, width), options).then(() => {
      chart.querySelector("svg").setAttribute("aria-hidden", "true"); // the label above says it in words
      figure.classList.add("live");
    }, console.error);
  };
  new ResizeObserver(render).observe(figure);
}

const charts = JSON.parse(document.getElementById("charts").textContent);
for (const [name, spec] of Object.entries(charts)) draw(name, spec);
if (matchMedia("(max-width: 60rem)").matches) document.querySelector("nav details").open = false;

"use strict";
(function () {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const report = read("report");
  const charts = read("charts");

  // A path is a list of keys; a pair of numbers is a slice, over which the rest of the path is mapped.
  function pick(value, path) {
    if (value === undefined || value === null) return null;
    if (path.length === 0) return value;
    const [step, ...rest] = path;
    if (Array.isArray(step)) return value.slice(step[0], step[1]).map((v) => pick(v, rest));
    return pick(value[step], rest);
  }

  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const printing = window.matchMedia("print");
  function theme() {
    const night = dark.matches && !printing.matches;
    return {
      "font.color": night ? "#e6edf3" : "#1b1f24",
      "hoverlabel.bgcolor": night ? "#161b22" : "#ffffff",
      "hoverlabel.font.color": night ? "#e6edf3" : "#1b1f24",
    };
  }
  function decorate(chart) {
    const ink = theme()["font.color"];
    const paper = theme()["hoverlabel.bgcolor"];
    const change = {};
    (chart.layout.shapes || []).forEach((_, i) => { change[`shapes[${i}].line.color`] = ink; });
    (chart.layout.annotations || []).forEach((_, i) => { change[`annotations[${i}].bgcolor`] = paper; });
    return change;
  }

  const drawn = Object.entries(charts).map(([id, chart]) => {
    for (const trace of chart.data) {
      const x = pick(report, trace.x_from);
      delete trace.x_from;
      trace.x = x;
      if (trace.y_from) trace.y = pick(report, trace.y_from);
      delete trace.y_from;
    }
    const options = { displayModeBar: false, responsive: true };
    return Plotly.newPlot(id, chart.data, chart.layout, options)
      .then((plot) => Plotly.relayout(plot, { ...theme(), ...decorate(chart) }));
  });
  Promise.all(drawn).then(() => { document.body.dataset.drawn = String(drawn.length); });

  function repaint() {
    for (const [id, chart] of Object.entries(charts)) {
      Plotly.relayout(id, { ...theme(), ...decorate(chart) });
    }
  }
  dark.addEventListener("change", repaint);
  printing.addEventListener("change", repaint);
  window.addEventListener("beforeprint", () => {
    document.querySelectorAll("details").forEach((d) => { d.open = true; });
  });

  document.getElementById("save-json").addEventListener("click", () => {
    const url = URL.createObjectURL(new Blob([JSON.stringify(report, null, 2)], { type: "application/json" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = "tiermix-report.json";
    link.click();
    URL.revokeObjectURL(url);
  });
})();

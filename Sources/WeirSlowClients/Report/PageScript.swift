// SPDX-License-Identifier: Apache-2.0

/// The script of the pages: a read-out of the plots by pointer, touch and keyboard, and folded parts opened for print.
///
/// The page says the same without it. It loads nothing and writes text only through `textContent`.
enum PageScript {
    /// The script.
    static let source = #"""
        (() => {
          "use strict";
          const minus = (text) => text.replace("-", "\u2212");
          function significant(value) {
            const size = Math.abs(value);
            const digits = size < 0.01 ? 4 : size < 0.1 ? 3 : size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
            const text = value.toFixed(digits);
            if (digits === 0) return minus(text.replace(/\B(?=(\d{3})+$)/g, ","));
            return minus(String(Number(text)));
          }
          function scaled(value, units) {
            if (value === 0) return "0 " + units[0][0];
            for (let i = 0; i + 1 < units.length; i += 1) {
              const amount = value / units[i][1];
              const most = units[i + 1][1] / units[i][1];
              if (Math.round(Math.abs(amount)) < most) return significant(amount) + " " + units[i][0];
            }
            const last = units[units.length - 1];
            return significant(value / last[1]) + " " + last[0];
          }
          const bytes = [["B", 1], ["KiB", 1024], ["MiB", 1048576], ["GiB", 1073741824], ["TiB", 1099511627776]];
          const seconds = [["ms", 0.001], ["s", 1]];
          const format = {
            bytes: (value) => scaled(value, bytes),
            seconds: (value) => scaled(value, seconds),
            percent: (value) => significant(value) + " %",
            count: (value) => minus(String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",")),
          };
          function nearest(times, time) {
            let low = 0;
            let high = times.length - 1;
            while (high - low > 1) {
              const middle = (low + high) >> 1;
              if (times[middle] <= time) low = middle; else high = middle;
            }
            return time - times[low] <= times[high] - time ? low : high;
          }
          function readOut(figure) {
            const data = JSON.parse(figure.querySelector(".plot-data").textContent);
            const plots = [...figure.querySelectorAll("svg.plot")];
            const heads = [...figure.querySelectorAll(".panel-head")];
            const values = heads.map((head) => [...head.querySelectorAll(".value")]);
            const names = heads.map((head) => head.querySelector(".panel-title").textContent);
            const resting = values.map((row) => row.map((element) => element.textContent));
            const moment = figure.querySelector(".moment");
            const cursors = plots.map((plot) => plot.querySelector(".cursor"));
            const span = data.to - data.from;
            const slider = document.createElement("input");
            slider.type = "range";
            slider.className = "scrub";
            slider.min = "0";
            slider.max = "500";
            slider.value = "0";
            slider.setAttribute("aria-label", "Time to read the plots at");
            slider.setAttribute("aria-valuetext", "no moment chosen");
            figure.querySelector(".panels").append(slider);
            function show(fraction) {
              const time = data.from + Math.min(Math.max(fraction, 0), 1) * span;
              const place = ((time - data.from) / span * 100).toFixed(3) + "%";
              for (const cursor of cursors) { cursor.setAttribute("x1", place); cursor.setAttribute("x2", place); }
              const spoken = [];
              data.panels.forEach((panel, p) => {
                panel.series.forEach((series, s) => {
                  const index = nearest(series.t, time);
                  const far = Math.abs(series.t[index] - time) > span / 20;
                  const text = far ? "\u2013" : (format[panel.unit] || String)(series.v[index]);
                  values[p][s].textContent = text;
                  spoken.push(names[p] + " " + text);
                });
              });
              moment.textContent = "at " + format.seconds(time);
              slider.value = String(Math.round(fraction * 500));
              slider.setAttribute("aria-valuetext", format.seconds(time) + ": " + spoken.join(", "));
              figure.classList.add("reading");
            }
            function rest() {
              figure.classList.remove("reading");
              moment.textContent = "";
              values.forEach((row, p) => row.forEach((element, s) => { element.textContent = resting[p][s]; }));
            }
            function follow(event) {
              const box = event.currentTarget.getBoundingClientRect();
              if (box.width > 0) show((event.clientX - box.left) / box.width);
            }
            for (const plot of plots) {
              plot.addEventListener("pointermove", follow);
              plot.addEventListener("pointerdown", follow);
              plot.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") rest(); });
            }
            slider.addEventListener("input", () => show(Number(slider.value) / 500));
            slider.addEventListener("blur", rest);
            slider.addEventListener("keydown", (event) => { if (event.key === "Escape") rest(); });
          }
          document.querySelectorAll("figure.timeline").forEach(readOut);
          window.addEventListener("beforeprint", () => {
            document.querySelectorAll("details:not([open])").forEach((part) => {
              part.open = true;
              part.dataset.print = "1";
            });
          });
          window.addEventListener("afterprint", () => {
            document.querySelectorAll("details[data-print]").forEach((part) => {
              part.open = false;
              delete part.dataset.print;
            });
          });
        })();
        """#
}

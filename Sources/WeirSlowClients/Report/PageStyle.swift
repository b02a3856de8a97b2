// SPDX-License-Identifier: Apache-2.0

/// The style sheet of the pages: light, dark, narrow, printed.
///
/// No style attribute is used anywhere, so the page's policy can name this text by its digest and allow nothing else.
enum PageStyle {
    /// The style sheet.
    static let source = """
        :root {
          color-scheme: light dark;
          --bg: #f4f6f8; --card: #ffffff; --ink: #17202b; --muted: #566474; --line: #dde3e9; --grid: #e8ecf0;
          --accent: #1a5fb4; --focus: #1a5fb4;
          --pass: #0a6e51; --pass-bg: #e0f3ec; --weak: #7d5200; --weak-bg: #fcf0d2;
          --fail: #a81d16; --fail-bg: #fbe4e2; --inconclusive: #4e5b69; --inconclusive-bg: #e9edf1;
          --s0: #1a5fb4; --s1: #b85400; --s2: #0a7d5f; --s3: #9a2f82; --s4: #6a6400; --s5: #4b5663;
          --mark: #a81d16;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --bg: #0e1318; --card: #161d25; --ink: #e4eaf0; --muted: #98a6b5; --line: #2a3541; --grid: #212b35;
            --accent: #78b0ff; --focus: #9cc5ff;
            --pass: #5fd3ac; --pass-bg: #12352b; --weak: #f0bd5a; --weak-bg: #3a2d10;
            --fail: #ff9389; --fail-bg: #43191a; --inconclusive: #b3bfcb; --inconclusive-bg: #28323d;
            --s0: #78b0ff; --s1: #f2a35c; --s2: #55cfa6; --s3: #e394d2; --s4: #d3cd62; --s5: #b3bfcb;
            --mark: #ff9389;
          }
        }
        *, *::before, *::after { box-sizing: border-box; }
        html { -webkit-text-size-adjust: 100%; scroll-padding-top: 1rem; }
        body {
          margin: 0; background: var(--bg); color: var(--ink);
          font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif;
        }
        main, header.page, footer { max-width: 1120px; margin: 0 auto; padding: 0 24px; }
        header.page { padding-top: 36px; }
        h1, h2, h3 { line-height: 1.2; margin: 0; letter-spacing: -0.01em; overflow-wrap: anywhere; }
        h1 { font-size: 30px; font-weight: 680; }
        h2 { font-size: 20px; font-weight: 650; margin: 40px 0 12px; }
        h2.minor { font-size: 12px; color: var(--muted); margin: 26px 0 -14px; letter-spacing: 0; }
        h3 { font-size: 19px; font-weight: 650; }
        .address { margin: 8px 0 0; color: var(--muted); } .address code { color: var(--ink); margin-right: 14px; }
        h4 { font-size: 12px; font-weight: 650; margin: 0 0 4px; color: var(--muted); }
        p { margin: 0 0 8px; }
        a { color: var(--accent); text-decoration-thickness: 1px; text-underline-offset: 2px; }
        :focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; border-radius: 4px; }
        code {
          font: 0.93em/1.4 ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace; overflow-wrap:
          anywhere;
        }
        .kicker {
          font-size: 12px; font-weight: 650; letter-spacing: 0.06em; text-transform: uppercase; color: var(--muted);
          margin-bottom: 6px;
        }
        .note { color: var(--muted); }
        .card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 20px 24px; }
        .notice {
          border-left: 4px solid var(--weak); background: var(--weak-bg); border-radius: 6px; padding: 10px 14px;
          margin: 16px 0 0;
        }
        .symbols { position: absolute; }
        .skip { position: absolute; left: -999px; }
        .skip:focus { left: 16px; top: 8px; background: var(--card); padding: 6px 12px; }
        .icon { width: 15px; height: 15px; flex: none; fill: currentColor; vertical-align: -2px; }

        dl.facts {
          display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 14px 24px; margin: 22px 0 0;
        }
        dl.facts dt { font-size: 12px; color: var(--muted); }
        dl.facts dd { margin: 0; font-weight: 550; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }

        ul.tiles {
          list-style: none; display: grid; grid-template-columns: repeat(4, 1fr); gap: 12px; margin: 24px 0 0; padding:
          0;
        }
        ul.tiles li {
          background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 14px 18px 12px;
        }
        ul.tiles .number {
          display: block; font-size: 32px; line-height: 1.1; font-weight: 680; font-variant-numeric: tabular-nums;
        }
        ul.tiles .word { display: flex; align-items: center; gap: 6px; font-size: 13px; font-weight: 600; }
        ul.tiles .zero { opacity: 0.55; }
        .share { display: block; width: 100%; height: 8px; margin-top: 12px; border-radius: 4px; }
        .share .pass { fill: var(--pass); } .share .weak { fill: var(--weak); } .share .fail { fill: var(--fail); }
        .share .inconclusive { fill: var(--inconclusive); }

        .badge {
          display: inline-flex; align-items: center; gap: 5px; padding: 2px 10px 2px 7px; border-radius: 99px;
          font-size: 13px; font-weight: 650; white-space: nowrap;
        }
        .badge.pass { color: var(--pass); background: var(--pass-bg); }
        .badge.weak { color: var(--weak); background: var(--weak-bg); }
        .badge.fail { color: var(--fail); background: var(--fail-bg); }
        .badge.inconclusive { color: var(--inconclusive); background: var(--inconclusive-bg); }
        .word.pass { color: var(--pass); } .word.weak { color: var(--weak); } .word.fail { color: var(--fail); }
        .word.inconclusive { color: var(--inconclusive); }

        .scroll { overflow-x: auto; }
        table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 14px; }
        caption { text-align: left; color: var(--muted); font-size: 13px; padding-bottom: 8px; }
        th, td {
          text-align: left; vertical-align: top; padding: 9px 10px; border-top: 1px solid var(--line); overflow-wrap:
          anywhere;
        }
        thead th {
          border-top: 0; font-size: 12px; font-weight: 600; color: var(--muted); vertical-align: bottom; overflow-wrap:
          normal;
        }
        tbody th { font-weight: 600; }
        th:first-child, td:first-child { padding-left: 0; } th:last-child, td:last-child { padding-right: 0; }
        td.number, th.number { text-align: right; white-space: nowrap; }
        td.none { color: var(--muted); }
        table.matrix tbody th { white-space: nowrap; }
        table.matrix td.why { min-width: 200px; color: var(--muted); }
        table.matrix { font-size: 13.5px; } table.matrix td.short { min-width: 78px; overflow-wrap: normal; }
        table.matrix a { text-decoration: none; } table.matrix a:hover { text-decoration: underline; }
        table.servers { table-layout: fixed; } table.servers th:first-child { width: 178px; }
        table.servers th, table.servers td { padding-top: 6px; padding-bottom: 6px; min-width: 120px; }
        table.servers tbody th { font-weight: 550; }
        .settings { margin-top: 22px; }
        table.servers .badge { margin-bottom: 4px; }
        table.servers .sub { display: block; font-size: 13px; color: var(--muted); }
        .differs { font-weight: 650; color: var(--weak); }

        section.profile { margin: 20px 0 0; }
        section.profile > header {
          display: flex; flex-wrap: wrap; align-items: center; gap: 8px 12px; margin-bottom: 14px;
        }
        section.profile > header .top { margin-left: auto; font-size: 13px; }
        .about { display: grid; grid-template-columns: 1fr 1fr 1.7fr; gap: 16px 28px; }
        .about p { margin: 0; overflow-wrap: anywhere; }
        .reasons { margin: 18px 0 0; padding: 12px 16px; border-radius: 8px; background: var(--bg); }
        .reasons ul { margin: 0; padding-left: 18px; } .reasons li { overflow-wrap: anywhere; }
        .reasons li + li { margin-top: 4px; }
        .figures-table { margin-top: 20px; }
        .pair-columns { columns: 2 320px; column-gap: 40px; }
        .pair-columns table { break-inside: avoid; }
        .pairs thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
        .pairs th, .pairs td { padding-top: 5px; padding-bottom: 5px; }
        .pairs tbody th { font-weight: 400; color: var(--muted); }
        .pairs tbody tr:first-child > * { border-top: 0; }
        .pair-columns + .pairs { border-top: 1px solid var(--line); } .pairs td.long { width: 72%; }
        details { margin-top: 18px; border-top: 1px solid var(--line); padding-top: 12px; }
        summary { cursor: pointer; font-weight: 600; } summary span { font-weight: 400; color: var(--muted); }
        details .scroll { margin-top: 12px; max-height: 420px; overflow: auto; }
        details table { font-size: 13px; } td.end-text { min-width: 168px; } details th, details td { padding: 6px 10px; }

        figure.timeline { margin: 22px 0 0; overflow-x: clip; }
        figcaption {
          font-size: 12px; font-weight: 650; color: var(--muted); display: flex; justify-content: space-between; gap:
          12px; min-height: 20px; margin-bottom: 4px;
        }
        .moment { color: var(--ink); font-variant-numeric: tabular-nums; }
        .panels { display: grid; grid-template-columns: 64px minmax(0, 1fr); align-items: start; }
        .panels svg { display: block; overflow: visible; }
        .panel-head {
          grid-column: 2; display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 14px; font-size: 12.5px;
          padding: 8px 0 3px;
        }
        .panel-title { font-weight: 650; } .key { color: var(--muted); overflow-wrap: anywhere; }
        .value { color: var(--ink); font-variant-numeric: tabular-nums; }
        .swatch { display: inline-block !important; vertical-align: middle; margin-right: 4px; }
        svg.plot { touch-action: pan-y; cursor: crosshair; }
        .scrub {
          grid-column: 2; width: 100%; margin: 0; height: 24px; background: none; appearance: none; cursor: ew-resize;
          opacity: 0.8;
        }
        .scrub::-webkit-slider-runnable-track { height: 3px; border-radius: 2px; background: var(--line); }
        .scrub::-moz-range-track { height: 3px; border-radius: 2px; background: var(--line); }
        .scrub::-webkit-slider-thumb {
          appearance: none; width: 14px; height: 14px; margin-top: -5.5px; border-radius: 50%; background: var(--muted);
        }
        .scrub::-moz-range-thumb { width: 14px; height: 14px; border: 0; border-radius: 50%; background: var(--muted); }
        .reading .scrub::-webkit-slider-thumb { background: var(--accent); }
        .reading .scrub::-moz-range-thumb { background: var(--accent); }
        .tick { font-size: 11px; fill: var(--muted); font-variant-numeric: tabular-nums; }
        .rule-text, .mark {
          font-size: 11px; paint-order: stroke; stroke: var(--card); stroke-width: 3px; stroke-linejoin: round;
        }
        .mark { fill: var(--ink); font-weight: 550; } .deadline-text { fill: var(--mark); }
        .grid { stroke: var(--grid); stroke-width: 1; shape-rendering: crispEdges; }
        .grid.zero { stroke: var(--muted); opacity: 0.55; }
        .deadline { stroke: var(--mark); stroke-width: 1.5; stroke-dasharray: 5 4; }
        .end { stroke-width: 1; opacity: 0.5; }
        .rule { stroke: var(--muted); stroke-width: 1; stroke-dasharray: 2 3; }
        .cursor { stroke: var(--ink); stroke-width: 1; visibility: hidden; } .reading .cursor { visibility: visible; }
        .line {
          fill: none; stroke-width: 1.75; stroke-linejoin: round; stroke-linecap: round; vector-effect:
          non-scaling-stroke;
        }
        .line.thin { stroke-width: 1; opacity: 0.55; }
        .dots { fill: none; stroke-width: 4; stroke-linecap: round; vector-effect: non-scaling-stroke; }
        .area { stroke: none; opacity: 0.13; }
        .end-mark { stroke: var(--card); stroke-width: 1.5; } .end-mark.ring { fill: var(--card); stroke-width: 2; }
        .line.s0, .dots.s0, .end.s0, .ring.s0 { stroke: var(--s0); }
        .area.s0, .end-mark.s0:not(.ring) { fill: var(--s0); }
        .line.s1, .dots.s1, .end.s1, .ring.s1 { stroke: var(--s1); }
        .area.s1, .end-mark.s1:not(.ring) { fill: var(--s1); }
        .line.s2, .dots.s2, .end.s2, .ring.s2 { stroke: var(--s2); }
        .area.s2, .end-mark.s2:not(.ring) { fill: var(--s2); }
        .line.s3, .dots.s3, .end.s3, .ring.s3 { stroke: var(--s3); }
        .area.s3, .end-mark.s3:not(.ring) { fill: var(--s3); }
        .line.s4, .dots.s4, .end.s4, .ring.s4 { stroke: var(--s4); }
        .area.s4, .end-mark.s4:not(.ring) { fill: var(--s4); }
        .line.s5, .dots.s5, .end.s5, .ring.s5 { stroke: var(--s5); }
        .area.s5, .end-mark.s5:not(.ring) { fill: var(--s5); }
        .line.s1 { stroke-dasharray: 7 4; } .line.s2 { stroke-dasharray: 2 4; } .line.s3 { stroke-dasharray: 9 4 2 4; }
        .line.s4 { stroke-dasharray: 12 5; } .line.s5 { stroke-dasharray: 4 3 1 3; }

        footer { padding-top: 28px; padding-bottom: 48px; color: var(--muted); font-size: 13px; }

        @media (max-width: 760px) {
          main, header.page, footer { padding-left: 14px; padding-right: 14px; }
          header.page { padding-top: 22px; } h1 { font-size: 24px; } h2 { margin-top: 30px; }
          .card { padding: 16px 14px; border-radius: 10px; }
          ul.tiles { grid-template-columns: repeat(2, 1fr); gap: 8px; } ul.tiles li { padding: 10px 14px; }
          ul.tiles .number { font-size: 26px; }
          .about { grid-template-columns: 1fr; gap: 12px; }
          .panels { grid-template-columns: 62px minmax(0, 1fr); }
          table.servers { table-layout: auto; } table.servers th:first-child { width: auto; }
          table.servers tbody th { position: sticky; left: 0; background: var(--card); max-width: 118px; }
          .panel-head { grid-column: 1 / -1; }
          dl.facts { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 10px 16px; }
          table.matrix, table.matrix tbody { display: block; }
          table.matrix thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
          table.matrix tr {
            display: grid; grid-template-columns: 1fr auto; gap: 4px 12px; padding: 12px 0; border-top: 1px solid
            var(--line);
          }
          table.matrix tbody tr:first-child { border-top: 0; padding-top: 0; }
          table.matrix th, table.matrix td {
            display: block; border: 0; padding: 0; min-width: 0; white-space: normal; text-align: left;
          }
          table.matrix td.why { grid-column: 1 / -1; }
          table.matrix td.short {
            grid-column: 1 / -1; display: flex; justify-content: space-between; gap: 12px; font-size: 13px;
          }
          table.matrix td.short::before { content: attr(data-label); color: var(--muted); }
          table.matrix td.none { display: none; }
        }
        @media print {
          :root {
            --bg: #ffffff; --card: #ffffff; --ink: #000000; --muted: #444444; --line: #bbbbbb; --grid: #dddddd; --accent: #000000;
            --pass: #0a6e51; --pass-bg: #ffffff; --weak: #7d5200; --weak-bg: #ffffff; --fail: #a81d16; --fail-bg: #ffffff;
            --inconclusive: #4e5b69; --inconclusive-bg: #ffffff; --mark: #a81d16;
            --s0: #1a5fb4; --s1: #b85400; --s2: #0a7d5f; --s3: #9a2f82; --s4: #6a6400; --s5: #4b5663;
          }
          body { font-size: 10pt; } main, header.page, footer { max-width: none; padding: 0; }
          .card { border: 0; padding: 0; } .scrub, .top, .skip { display: none; }
          .badge { border: 1px solid currentColor; font-size: 8.5pt; }
          table, table.matrix { font-size: 8.5pt; } th, td { padding-left: 5px; padding-right: 5px; }
          table.matrix td.why, table.matrix td.short, td.end-text, table.servers td { min-width: 0; }
          table.servers th:first-child { width: 110px; }
          section.profile { border-top: 1px solid var(--line); padding-top: 14px; }
          figure.timeline, tr, .reasons, ul.tiles { break-inside: avoid; }
          h2, h3, section.profile > header { break-after: avoid; }
          details .scroll { max-height: none; overflow: visible; } .scroll { overflow: visible; }
        }
        """
}

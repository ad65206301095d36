extension Pages {
    /// `/assets/icon.svg`: two devices and the path between them. Holds no script and refers to nothing.
    package static let icon = """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" width="32" height="32">
        <rect width="32" height="32" rx="8" fill="#0f6674"/>
        <path d="M10 10h12L10 22h12" fill="none" stroke="#fff" stroke-width="2.5" stroke-linecap="round" stroke-linejoin="round"/>
        <circle cx="10" cy="10" r="3.5" fill="#fff"/>
        <circle cx="22" cy="22" r="3.5" fill="#fff"/>
        </svg>

        """

    /// `/assets/ztna.css`. Colours are named once for light and once for dark; each text and background pair that
    /// occurs has a contrast of at least 4.5 (WCAG 2.2 §1.4.3), each border of a control at least 3 (§1.4.11).
    package static let stylesheet = """
        :root {
          color-scheme: light dark;
          --ground: #f5f7f8; --card: #ffffff; --sunken: #eef2f4;
          --text: #12191f; --muted: #52606b; --line: #d9e0e4; --edge: #73828e;
          --accent: #0f6674; --accent-strong: #0a4f5a; --on-accent: #ffffff;
          --danger: #a3271f; --danger-ground: #fdf1f0;
          --caution: #5c3d00; --caution-ground: #fff6df; --caution-line: #b27a00;
          --good: #1c7443; --on-sign: #ffffff;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --ground: #0e1316; --card: #161c20; --sunken: #1f272c;
            --text: #e9eef1; --muted: #a1afb9; --line: #2c363d; --edge: #73838f;
            --accent: #63c6d4; --accent-strong: #8ad8e3; --on-accent: #04252b;
            --danger: #ff9d93; --danger-ground: #331a18;
            --caution: #f6d998; --caution-ground: #2f2611; --caution-line: #b78a2b;
            --good: #6bd298; --on-sign: #0e1316;
          }
        }
        *, *::before, *::after { box-sizing: border-box; }
        html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
        body {
          margin: 0 auto; padding: 1.5rem 1rem 2.5rem; max-width: 38rem; min-height: 100vh;
          background: var(--ground); color: var(--text);
          font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif;
          overflow-wrap: anywhere;
        }
        h1, h2, p, dl, dd, ol, pre, fieldset { margin: 0; padding: 0; }
        h1 { font-size: 1.625rem; line-height: 1.2; font-weight: 650; letter-spacing: -0.015em; text-wrap: balance; }
        p { text-wrap: pretty; }
        h2 { font-size: 1rem; line-height: 1.4; font-weight: 650; }
        a { color: var(--accent); text-underline-offset: 0.15em; }
        a:hover { color: var(--accent-strong); }
        code, pre, input.code, .code {
          font-family: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
        }
        code { font-size: 0.92em; }
        :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }

        header { display: flex; align-items: center; gap: 0.75rem; padding: 0 0.25rem; }
        header img { display: block; flex: none; }
        header p { line-height: 1.25; }
        header strong { display: block; font-weight: 650; }
        header span { color: var(--muted); font-size: 0.875rem; }
        footer { margin-top: 1.25rem; padding: 0 0.25rem; color: var(--muted); font-size: 0.875rem; }

        .steps { display: flex; gap: 0.5rem; margin-top: 1.25rem; padding: 0 0.25rem; list-style: none; }
        .steps li {
          flex: 1; padding-top: 0.4rem; border-top: 3px solid var(--line);
          color: var(--muted); font-size: 0.875rem;
        }
        .steps .done { border-color: var(--accent); }
        .steps [aria-current] { border-color: var(--accent); color: var(--text); font-weight: 650; }

        main {
          margin-top: 1.25rem; padding: 2rem; border: 1px solid var(--line); border-radius: 1rem;
          background: var(--card); box-shadow: 0 1px 2px rgb(0 0 0 / 0.04), 0 8px 24px rgb(0 0 0 / 0.05);
        }
        .lead { margin-top: 0.5rem; color: var(--muted); }
        .lead code, .quiet code { padding: 0.1em 0.35em; border-radius: 0.3rem; background: var(--sunken); color: var(--text); }
        .quiet { margin-top: 1.5rem; padding-top: 1.25rem; border-top: 1px solid var(--line); color: var(--muted); font-size: 0.9375rem; }
        .aside { color: var(--muted); font-size: 0.875rem; }
        form, main > h2, .device { margin-top: 1.5rem; }
        h2 + p { margin-top: 0.25rem; }

        label, legend { display: block; padding: 0; font-weight: 600; }
        form h2 + label { margin-top: 0.75rem; font-weight: 400; }
        .hint { margin-top: 0.375rem; color: var(--muted); font-size: 0.875rem; }
        input[type="text"], input[type="email"] {
          display: block; width: 100%; min-height: 3rem; margin-top: 0.375rem; padding: 0.5rem 0.875rem;
          border: 1px solid var(--edge); border-radius: 0.625rem;
          background: var(--card); color: var(--text); font-size: 1.0625rem;
        }
        input.code { min-height: 3.75rem; font-size: 1.625rem; letter-spacing: 0.1em; text-transform: uppercase; }
        input[aria-invalid] { border: 2px solid var(--danger); }
        input:focus-visible { outline-offset: 0; }

        .actions { display: grid; gap: 0.625rem; margin-top: 1.25rem; }
        form h2 + .actions { margin-top: 0.75rem; }
        button {
          min-height: 3rem; padding: 0.625rem 1.25rem; border: 1px solid transparent; border-radius: 0.625rem;
          font: inherit; font-weight: 600; cursor: pointer;
        }
        button.primary { background: var(--accent); color: var(--on-accent); }
        button.primary:hover { background: var(--accent-strong); }
        button.choice { border-color: var(--edge); background: var(--card); color: var(--text); }
        button.choice:hover, button.deny:hover { background: var(--sunken); }
        button.deny { border-color: var(--edge); background: var(--card); color: var(--danger); }
        button.choice + button.deny { margin-top: 0.75rem; }
        .or { display: flex; align-items: center; gap: 0.75rem; margin-top: 1.25rem; color: var(--muted); font-size: 0.875rem; }
        .or::before, .or::after { content: ""; flex: 1; border-top: 1px solid var(--line); }
        .or + .actions { margin-top: 1rem; }

        .note { margin-top: 1.25rem; padding: 0.875rem 1rem; border: 1px solid; border-left-width: 5px; border-radius: 0.625rem; }
        form > .note { margin: 0 0 1.25rem; }
        h1 + .note { margin-top: 1rem; }
        .note + .lead { margin-top: 1rem; }
        .problem { border-color: var(--danger); background: var(--danger-ground); color: var(--danger); }
        .warning { border-color: var(--caution-line); background: var(--caution-ground); color: var(--caution); }
        .remedy { border-color: var(--line); background: var(--sunken); }

        .compare { margin-top: 0.75rem; padding: 1rem; border-radius: 0.75rem; background: var(--sunken); text-align: center; }
        .compare .code { margin-top: 0.25rem; font-size: 2rem; line-height: 1.2; letter-spacing: 0.08em; overflow-wrap: normal; }
        .compare .code strong { font-weight: 600; }
        #compare-label { color: var(--muted); font-size: 0.9375rem; }
        dl { margin-top: 0.5rem; }
        dl > div { display: grid; grid-template-columns: 6.5rem 1fr; gap: 0.75rem; padding: 0.625rem 0; border-bottom: 1px solid var(--line); }
        dl > div:last-child { border-bottom: 0; padding-bottom: 0; }
        dt { color: var(--muted); }
        .failed dt { color: var(--danger); font-weight: 650; }
        dd { min-width: 0; overflow: hidden; }
        .device-name { font-weight: 650; }
        .words { display: flex; flex-wrap: wrap; gap: 0.125rem 0.75rem; list-style: none; }
        .person { margin-top: 1rem; line-height: 1.4; }
        .person strong, .person > span { display: block; overflow: hidden; }
        .person strong { font-size: 1.125rem; font-weight: 650; }
        .person + .lead { margin-top: 0.75rem; }

        fieldset { min-width: 0; border: 0; }
        .numbers { display: grid; grid-template-columns: repeat(3, 1fr); gap: 0.625rem; margin-top: 0.75rem; }
        .number {
          display: flex; align-items: center; justify-content: center; gap: 0.625rem; min-height: 4rem; padding: 0.5rem;
          border: 1px solid var(--edge); border-radius: 0.75rem; cursor: pointer;
          font-size: 1.5rem; font-weight: 600; font-variant-numeric: tabular-nums;
        }
        .number input { width: 1.125rem; height: 1.125rem; margin: 0; accent-color: var(--accent); }
        .number:hover { background: var(--sunken); }
        .number:has(:checked) { border-color: var(--accent); background: var(--sunken); box-shadow: inset 0 0 0 1px var(--accent); }
        .number:has(:focus-visible) { outline: 3px solid var(--accent); outline-offset: 2px; }
        .number input:focus-visible { outline: none; }

        pre { margin-top: 0.75rem; padding: 0.875rem 1rem; border-radius: 0.625rem; background: var(--sunken); overflow-wrap: anywhere; white-space: pre-wrap; }
        .subject { margin-top: 1.25rem; overflow: hidden; }
        .subject .aside { display: block; }
        #outcome::before {
          content: ""; display: block; width: 3rem; height: 3rem; margin-bottom: 1.25rem; border-radius: 50%;
          background: var(--sign); --sign: var(--muted);
        }
        #outcome { position: relative; }
        #outcome::after {
          content: ""; position: absolute; top: 2rem; left: 2rem; width: 3rem; height: 3rem; background: var(--on-sign);
          -webkit-mask: var(--shape) center / 1.5rem no-repeat; mask: var(--shape) center / 1.5rem no-repeat;
          --shape: url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='%23000' stroke-width='3' stroke-linecap='round' stroke-linejoin='round'%3E%3Cpath d='M12 5v9M12 19v.01'/%3E%3C/svg%3E");
        }
        #outcome[data-outcome="allowed"]::before { --sign: var(--good); }
        #outcome[data-outcome="failed"]::before { --sign: var(--danger); }
        #outcome[data-outcome="allowed"]::after, #outcome[data-outcome="signedOut"]::after {
          --shape: url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='%23000' stroke-width='3' stroke-linecap='round' stroke-linejoin='round'%3E%3Cpath d='M5 13l4.5 4.5L19 7'/%3E%3C/svg%3E");
        }
        #outcome[data-outcome="denied"]::after {
          --shape: url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='%23000' stroke-width='3' stroke-linecap='round' stroke-linejoin='round'%3E%3Cpath d='M6 6l12 12M18 6L6 18'/%3E%3C/svg%3E");
        }
        #outcome[data-outcome="expired"]::after {
          --shape: url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='%23000' stroke-width='3' stroke-linecap='round' stroke-linejoin='round'%3E%3Cpath d='M12 5v8l5 3'/%3E%3C/svg%3E");
        }

        @media (max-width: 30rem) {
          body { padding: 1rem 0.75rem 2rem; }
          main { padding: 1.25rem; border-radius: 0.875rem; }
          #outcome::after { top: 1.25rem; left: 1.25rem; }
          .compare .code { font-size: 1.75rem; }
          dl > div { grid-template-columns: 5rem 1fr; padding: 0.5rem 0; }
          .number { gap: 0.5rem; padding: 0.5rem 0.25rem; font-size: 1.375rem; }
        }
        @media (min-width: 48rem) and (min-height: 50rem) { body { padding-top: 3rem; } }

        """
}

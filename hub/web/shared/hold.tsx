import { useEffect, useRef, useState } from "preact/hooks";

const HOLD_MS = 1_500;

/** A button that acts after 1.5 s of being held, by finger or by key, while a ring fills; letting go before does nothing. */
export function Hold({ class: name, label, hint, holding, onHeld }: { class: string; label: string; hint: string; holding: string; onHeld: () => void }) {
  const [held, setHeld] = useState(false);
  const timer = useRef(0);
  const press = () => {
    if (timer.current) return;
    setHeld(true);
    timer.current = window.setTimeout(() => {
      letGo();
      navigator.vibrate?.(200);
      onHeld();
    }, HOLD_MS);
  };
  const letGo = () => {
    clearTimeout(timer.current);
    timer.current = 0;
    setHeld(false);
  };
  useEffect(() => letGo, []);
  const isPress = ({ key }: KeyboardEvent) => key === " " || key === "Enter";
  return (
    <button
      type="button"
      class={`hold ${name} ${held ? "is-held" : ""}`}
      onPointerDown={press}
      onPointerUp={letGo}
      onPointerLeave={letGo}
      onPointerCancel={letGo}
      onContextMenu={(event) => event.preventDefault()}
      onKeyDown={(event) => isPress(event) && press()}
      onKeyUp={letGo}
      onBlur={letGo}
    >
      <svg class="hold-ring" viewBox="0 0 40 40" aria-hidden="true">
        <circle cx="20" cy="20" r="17" />
        <circle cx="20" cy="20" r="17" class="hold-fill" pathLength={1} />
      </svg>
      <span>
        <b>{held ? holding : label}</b>
        <small>{hint}</small>
      </span>
    </button>
  );
}

/** A modal panel: the browser's own `dialog`, which keeps the focus and closes with Escape. */

import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { dialog, type DialogName } from "./dialogs";

export function Dialog({ name, title, children }: { name: DialogName; title: string; children: ComponentChildren }) {
  const element = useRef<HTMLDialogElement>(null);
  const heading = useId();
  const open = dialog.value === name;
  useEffect(() => {
    if (open) element.current?.showModal();
    else element.current?.close();
  }, [open]);
  const close = (): void => {
    if (dialog.peek() === name) dialog.value = null;
  };
  return (
    <dialog
      ref={element}
      aria-labelledby={heading}
      onClose={close}
      onClick={(event) => event.target === element.current && close()}
    >
      {open && (
        <div class="dialog-body">
          <header class="panel-head">
            <h2 id={heading}>{title}</h2>
            <span class="spring" />
            <button type="button" class="plain close" aria-label="Close" onClick={close}>
              ×
            </button>
          </header>
          {children}
        </div>
      )}
    </dialog>
  );
}

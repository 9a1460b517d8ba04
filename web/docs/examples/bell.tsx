import "@notifications/inbox/define";
import type { NotifyBell } from "@notifications/inbox";
import { notify } from "./notify.ts";

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "notify-bell": DetailedHTMLProps<HTMLAttributes<NotifyBell>, NotifyBell> & Partial<Pick<NotifyBell, "client" | "labels" | "theme">>;
    }
  }
}

export function Header() {
  return (
    <header>
      <h1>Shop</h1>
      <notify-bell client={notify} theme="auto" />
    </header>
  );
}

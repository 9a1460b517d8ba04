import type { InboxOptions } from "@notifications/client";
import { onScopeDispose, readonly, shallowRef } from "vue";
import { notify } from "./notify.ts";

/** A list of the inbox as a ref, followed for as long as the component lives. */
export function useInbox(options?: InboxOptions) {
  const inbox = notify.inbox(options);
  const state = shallowRef(inbox.getState());
  onScopeDispose(
    inbox.subscribe(() => {
      state.value = inbox.getState();
    }),
  );
  void inbox.load();
  return { inbox, state: readonly(state) };
}

/** How long a claim is held, in milliseconds: longer than tabs are apart in hearing of the same thing. */
const held = 10_000;

/**
 * True in one of this browser's tabs for what all of them hear of, false in the others. Where the browser has no Web Locks (pages not served
 * over https), true in each.
 */
export function claim(name: string): Promise<boolean> {
  const locks = locksOf(navigator);
  if (locks === undefined) {
    return Promise.resolve(true);
  }
  return new Promise((resolve, reject) => {
    locks
      .request(`notify.claim.${name}`, { ifAvailable: true }, (lock) => {
        resolve(lock !== null);
        return lock === null ? undefined : new Promise((end) => setTimeout(end, held));
      })
      .catch(reject);
  });
}

const attended = "notify.attended";

/**
 * Lets the other tabs know while this one has the user's attention. Returns what ends it.
 */
export function shareAttention(): () => void {
  const locks = locksOf(navigator);
  let release: (() => void) | undefined;
  const update = (): void => {
    if (!hasAttention()) {
      release?.();
      release = undefined;
    } else if (release === undefined) {
      const until = new Promise<void>((resolve) => {
        release = resolve;
      });
      // Shared: two windows may claim it in the moment in which one is left for the other.
      void locks?.request(attended, { mode: "shared" }, () => until);
    }
  };
  update();
  addEventListener("focus", update);
  addEventListener("blur", update);
  document.addEventListener("visibilitychange", update);
  return () => {
    removeEventListener("focus", update);
    removeEventListener("blur", update);
    document.removeEventListener("visibilitychange", update);
    release?.();
  };
}

/** Whether the user is looking at one of this browser's tabs that show notifications themselves. */
export async function isAttended(): Promise<boolean> {
  return hasAttention() || ((await locksOf(navigator)?.query())?.held?.some(({ name }) => name === attended) ?? false);
}

function hasAttention(): boolean {
  return document.visibilityState === "visible" && document.hasFocus();
}

// Browsers leave it out where the page is not served securely.
function locksOf({ locks }: { locks?: LockManager }): LockManager | undefined {
  return locks;
}

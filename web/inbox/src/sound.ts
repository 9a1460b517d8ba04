import type { NotifyClient } from "@notifications/client";
import { onArrivals } from "./arrivals.ts";
import { claim } from "./claim.ts";
import { isOn } from "./settings.ts";

/** At most one chime in so many milliseconds. */
const quiet = 2_000;

let context: AudioContext | undefined;
let last = -Infinity;

/** Plays two soft notes. Silent where the browser has no sound, or the user has not touched the page yet: it would be refused. */
export function chime(): void {
  if (!canPlay()) {
    return;
  }
  context ??= new AudioContext();
  void context.resume();
  const start = context.currentTime;
  for (const [note, frequency] of [880, 1174.66].entries()) {
    const at = start + note * 0.11;
    const tone = context.createOscillator();
    const volume = context.createGain();
    tone.frequency.value = frequency;
    volume.gain.setValueAtTime(0, at);
    volume.gain.linearRampToValueAtTime(0.12, at + 0.012);
    volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.5);
    tone.connect(volume).connect(context.destination);
    tone.start(at);
    tone.stop(at + 0.5);
  }
}

/** Chimes for what arrives, in one tab only, where the user switched it on. Returns what ends it. */
export function soundOnArrival(client: NotifyClient, wanted: () => boolean): () => void {
  const play = async (name: string): Promise<void> => {
    const now = performance.now();
    if (now - last < quiet || !wanted() || !isOn("sound") || !canPlay()) {
      return;
    }
    last = now;
    if (await claim(`sound.${name}`)) {
      chime();
    }
  };
  return onArrivals(client, { one: ({ id }) => void play(id), many: () => void play("several") });
}

function canPlay(): boolean {
  return "AudioContext" in globalThis && wasTouched(navigator);
}

// Browsers from before `userActivation` decide by themselves.
function wasTouched({ userActivation }: { userActivation?: UserActivation }): boolean {
  return userActivation?.hasBeenActive ?? true;
}

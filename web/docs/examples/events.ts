import { notify } from "./notify.ts";

const off = notify.on("notification", ({ item, missed }) => {
  if (!missed) {
    console.log("Just now:", item.title);
  }
});
notify.on("state", ({ state, retryAt }) => {
  console.log(state, retryAt === null ? "" : `again at ${new Date(retryAt).toLocaleTimeString()}`);
});
notify.on("synced", ({ missed, recovered }) => {
  console.log(recovered ? `${missed} while you were away` : "Away for very long: the lists were loaded anew");
});

// Later, when nobody wants to know any more.
off();

import "@notifications/inbox/define";
import { addLabels } from "@notifications/inbox";
import { de } from "@notifications/inbox/labels/de";

addLabels(de); // For every element whose `locale`, or closest `lang`, is German.

const bell = document.querySelector("notify-bell");
if (bell !== null) {
  bell.labels = { emptyAll: "Nothing to do. Go outside." };
}

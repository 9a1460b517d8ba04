import "./header.ts";

// A button to copy each example; without a clipboard (on plain http) there is none.
if ("clipboard" in navigator) {
  for (const figure of document.querySelectorAll<HTMLElement>("figure.code")) {
    const code = figure.querySelector("code");
    if (code === null) {
      continue;
    }
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.setAttribute("aria-label", `Copy ${figure.querySelector("figcaption")?.textContent ?? "the example"}`);
    button.addEventListener("click", () => {
      void navigator.clipboard.writeText(code.textContent).then(
        () => {
          tell(button, "Copied");
        },
        () => {
          tell(button, "Not allowed");
        },
      );
    });
    figure.append(button);
  }
}

const said = document.createElement("p");
said.className = "said";
said.setAttribute("role", "status");
document.body.append(said);

function tell(button: HTMLElement, text: string): void {
  button.textContent = text;
  said.textContent = text;
  setTimeout(() => {
    button.textContent = "Copy";
    said.textContent = "";
  }, 2000);
}

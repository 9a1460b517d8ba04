import "./site.css";

// On a phone the header is wider than the window: the page's own name is to be seen.
document.querySelector(".site [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center", behavior: "instant" });

// What a page of any site loads: <script type="module" src="https://notify.example.com/embed/notify.js"></script>. Its address never changes, so
// it is asked for each time and must stay tiny; all that it stands for is in files that carry their hash.
export * from "./main.ts";

import "@notifications/inbox/define";

const inbox = document.querySelector("notify-inbox");
if (inbox !== null) {
  inbox.tabs = [
    { id: "all", label: "All", filter: {} },
    { id: "orders", label: "Orders", filter: { category: "orders" } },
    { id: "archive", label: "Archive", filter: { status: "archived" } },
  ];
}

// The door to the service, for whoever is logged in.

import { doorTo } from "./door.js";

export const { get, post } = doorTo("/console/api", (refusal, path) => {
  if (refusal.status === 401 && path !== "login") dispatchEvent(new CustomEvent("console-ended"));
});

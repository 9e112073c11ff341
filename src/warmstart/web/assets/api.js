// The door to the shop: every call is for the visitor of this browser alone.

import { doorTo } from "./door.js";

export const { get, post } = doorTo("/shop/api");

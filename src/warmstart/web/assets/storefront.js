// The storefront begins here.

import { cart } from "./cart.js";
import { head } from "./head.js";
import { home } from "./home.js";
import { item } from "./item.js";
import { start, view } from "./router.js";
import { search } from "./search.js";
import { begin } from "./state.js";
import { missing, welcome } from "./welcome.js";

view("/shop", home);
view("/shop/search", search);
view("/shop/item", item);
view("/shop/cart", cart);
view("/shop/welcome", welcome);
view("missing", missing);

head();
await Promise.all([begin(), start()]);
document.documentElement.dataset.ready = "true";

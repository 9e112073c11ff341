// Asking the service, for storefront and console alike.

export class Refusal extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

/** How to ask and tell below an address. `refused` is called with each refusal and the path it came from. */
export function doorTo(base, refused = () => undefined) {
  async function answer(path, options) {
    let response;
    try {
      response = await fetch(`${base}/${path}`, { credentials: "same-origin", ...options });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Refusal(0, String(error));
    }
    const body = await response.json().catch(() => ({}));
    if (response.ok) return body;
    const refusal = new Refusal(response.status, body.detail ?? response.statusText);
    refused(refusal, path);
    throw refusal;
  }

  /** Ask: get("search", {q: "tea", brand: ["A", "B"]}). */
  function get(path, params = {}, signal = undefined) {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(params)) {
      for (const one of Array.isArray(value) ? value : [value]) {
        if (one !== null && one !== undefined && one !== "") query.append(name, one);
      }
    }
    const text = query.toString();
    return answer(text ? `${path}?${text}` : path, { signal });
  }

  /** Tell: post("act", {act: "like", item_id: "7"}). */
  function post(path, body = {}) {
    return answer(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  }

  return { get, post };
}

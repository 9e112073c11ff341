// The door to the service, for whoever is logged in.

export class Refusal extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

async function answer(path, options) {
  let response;
  try {
    response = await fetch(`/console/api/${path}`, { credentials: "same-origin", ...options });
  } catch (error) {
    throw new Refusal(0, String(error));
  }
  const body = await response.json().catch(() => ({}));
  if (response.status === 401 && path !== "login") dispatchEvent(new CustomEvent("console-ended"));
  if (!response.ok) throw new Refusal(response.status, body.detail ?? response.statusText);
  return body;
}

export function get(path, params = {}) {
  const query = new URLSearchParams(params).toString();
  return answer(query ? `${path}?${query}` : path);
}

export function post(path, body = {}) {
  return answer(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

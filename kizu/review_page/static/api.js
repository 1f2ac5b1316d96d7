// What the page asks the server for. Answers that say no become an ApiError with the server's words.

export class ApiError extends Error {}

async function checked(answer) {
  if (!answer.ok) throw new ApiError((await answer.text()) || `${answer.status}`);
  return answer;
}

async function getJson(path) {
  return (await checked(await fetch(path))).json();
}

async function postJson(path, body) {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  return (await checked(answer)).json();
}

export const getReview = () => getJson("/api/review");
export const getNumber = (sampleId) => getJson(`/api/numbers/${encodeURIComponent(sampleId)}`);
export const getSample = (number) => getJson(`/api/samples/${number}`);
export const postTasks = (body) => postJson("/api/tasks", body);
export const postDecisions = (body) => postJson("/api/decisions", body);
export const postClicks = (number, body) => postJson(`/api/samples/${number}/clicks`, body);

export const pictureUrl = (sample, name) => `/samples/${sample.number}/${sample.version}/${name}`;
export const thumbnailUrl = (sample) => pictureUrl(sample, "thumbnail");

/** Load a picture, decoded and ready to be drawn. */
export async function getPicture(sample, name) {
  const answer = await checked(await fetch(pictureUrl(sample, name)));
  return createImageBitmap(await answer.blob(), { colorSpaceConversion: "none" });
}

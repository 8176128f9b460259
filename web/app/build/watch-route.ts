import type { Connect, Plugin } from "vite";

const serve: Connect.NextHandleFunction = (request, _response, next) => {
  if (request.url?.startsWith("/watch/")) request.url = "/watch.html";
  next();
};

/** `/watch/{stream}` is one page for all streams, as in the real server. */
export function watchRoute(): Plugin {
  return {
    name: "watch-route",
    configureServer: ({ middlewares }) => void middlewares.use(serve),
    configurePreviewServer: ({ middlewares }) => void middlewares.use(serve),
  };
}

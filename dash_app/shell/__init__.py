"""The frame around the pages: routes, callbacks, security, server."""

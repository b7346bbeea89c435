# girin on debian:bookworm-slim, serving the demo: docker build -t girin . && docker run -p 8000:8000 girin
# An application of your own: copy libshop.so into an image made FROM this one, and run it with ["/app/libshop.so", "-w", "4"].
FROM debian:bookworm-slim AS build
WORKDIR /girin
COPY dev .
RUN ./dev setup
COPY . .
RUN ./dev build && cmake --install build/release --prefix /usr/local --strip

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends libspdlog1.10 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin girin
COPY --from=build /usr/local/bin/girin /usr/local/bin/
COPY --from=build /usr/local/lib/libgirin.so* /usr/local/lib/libdemo.so /usr/local/lib/
USER 10001
ENV PORT=8000
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["/usr/local/bin/girin", "health"]
ENTRYPOINT ["/usr/local/bin/girin"]
CMD ["/usr/local/lib/libdemo.so", "-w", "2"]

# Two stages: the first builds, the second holds the program and the shared libraries that it loads, nothing else.
# BASE is a Debian 12 image; one that already has the build packages is used as it is.
ARG BASE=debian:bookworm-slim
FROM ${BASE} AS build
RUN if ! command -v cmake >/dev/null; then \
        apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
            gcc libc6-dev cmake ninja-build pkg-config libevent-dev libcurl4-openssl-dev libssl-dev \
            libjson-c-dev libyaml-dev libmnl-dev uthash-dev; fi
COPY CMakeLists.txt CMakePresets.json /src/
COPY lib /src/lib
COPY k8s /src/k8s
COPY cmd /src/cmd
WORKDIR /src
RUN cmake --preset release && cmake --build --preset release --target herald && strip build/release/cmd/herald/herald
# The loader, each library by the path that it is loaded from, and the certificates' usual place.
RUN set -eu; root=/rootfs; mkdir -p $root/run/heraldlb $root/etc/ssl/certs; \
    install -D -m 0755 build/release/cmd/herald/herald $root/usr/bin/herald; \
    ldd build/release/cmd/herald/herald | grep -o '/[^ ]*' | while read -r lib; do \
        install -D -m 0755 "$(readlink -f "$lib")" "$root$lib"; done

FROM scratch
COPY --from=build /rootfs/ /
ENTRYPOINT ["/usr/bin/herald"]
CMD ["run"]

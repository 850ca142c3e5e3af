# The program alone, static: docker run --rm --volume "$PWD:/data" herdlab run my.toml
FROM rust:1.89-alpine3.22 AS build
RUN apk add --no-cache bash=~5 gzip=~1 musl-dev=~1.2
WORKDIR /herdlab
COPY . .
RUN scripts/what-if --profile dist && install -D target/dist/herdlab /out/herdlab && install -d -o 65532 -g 65532 /out/data

FROM scratch
COPY --from=build /out/herdlab /usr/local/bin/herdlab
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build /herdlab/LICENSE-APACHE /herdlab/LICENSE-MIT /usr/share/doc/herdlab/
USER 65532:65532
WORKDIR /data
ENTRYPOINT ["/usr/local/bin/herdlab"]
CMD ["--help"]

# The action's image: the program, and the PostgreSQL clients and servers that it starts.
#
# What it is built on can be named with its digest: --build-arg DEBIAN=debian:trixie-slim@sha256:…. A release notes in its
# provenance which digests it met.
ARG RUST=rust:1.95-slim-trixie
ARG DEBIAN=debian:trixie-slim

FROM $RUST AS build
WORKDIR /build
# A layer of its own for the dependencies: a change of our own sources does not compile them again.
COPY Cargo.toml Cargo.lock ./
# Targets that the manifest names must exist, though nothing of them is built.
RUN mkdir src benches \
    && touch src/lib.rs benches/backup.rs benches/restore.rs \
    && echo 'fn main() {}' > src/main.rs \
    && cargo build --release --locked --bin sponsor-backup \
    && rm -r src
COPY src src
# `init` writes these.
COPY docs/workflows docs/workflows
# Cargo compares times, and these files may be older than the empty ones that were just built.
RUN find src -name '*.rs' -exec touch {} + \
    && cargo build --release --locked --bin sponsor-backup

# Debian knows PostgreSQL's own repository and its key: a script and two files, vouched for by Debian. Since Debian 13 they
# are in the first of these packages, before it in the second; of neither is the rest needed.
FROM $DEBIAN AS pgdg
WORKDIR /pgdg
RUN apt-get update \
    && apt-get download postgresql-client-common postgresql-common \
    && for package in *.deb; do dpkg-deb --extract "$package" . || exit 1; done \
    && rm -rf /var/lib/apt/lists/*

# No USER: GitHub runs container actions as root, since the workspace and the files for outputs belong to the runner.
FROM $DEBIAN
# pgdg: every major version that PostgreSQL supports, from its own repository. debian: the single one of the
# distribution, where that repository cannot be reached; it dumps servers of its own version and older ones.
ARG CLIENTS=pgdg
COPY --from=pgdg /pgdg/usr/share/postgresql-common/pgdg /usr/share/postgresql-common/pgdg
# Of what the servers' packages hold and depend on, no drill needs the compiler of queries (its server runs with jit=off), the
# sources of locales, nor Perl beyond the little that every Debian has: only Debian's scripts that stand before
# PostgreSQL's programs want it, and those programs are started by their own paths. dpkg leaves all this out, here and in
# images made from this one, and still knows its packages as installed: a scanner sees them.
RUN printf 'path-exclude %s\n' \
      '/usr/lib/postgresql/*/lib/bitcode/*' \
      '/usr/lib/postgresql/*/lib/llvmjit*' \
      '/usr/lib/llvm-*' \
      '/usr/lib/*/libLLVM*' \
      '/usr/lib/*/libz3.so*' \
      '/usr/lib/*/libperl.so*' \
      '/usr/lib/*/perl/5*' \
      '/usr/share/perl/5*' \
      '/usr/share/i18n/*' \
      > /etc/dpkg/dpkg.cfg.d/sponsor-backup
# `drill` starts servers of its own, each in a folder that it makes: the packages must make none and start none. The key
# of ssl-cert is made at installation, and an image does not need one. Logs and caches only show when and where the image
# was built. Debian's shell stays, though a backup runs without it: a drill's initdb starts its server by it.
# $servers is meant to be several words:
# hadolint ignore=SC2086
RUN export DEBIAN_FRONTEND=noninteractive \
    && apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates tini \
    && case "$CLIENTS" in \
         pgdg) \
           /usr/share/postgresql-common/pgdg/*.sh -y \
           && servers='postgresql-14 postgresql-15 postgresql-16 postgresql-17 postgresql-18' ;; \
         debian) servers=postgresql ;; \
         *) echo "CLIENTS is '$CLIENTS'; it must be pgdg or debian" >&2; exit 1 ;; \
       esac \
    && apt-get install -y --no-install-recommends postgresql-common \
    && echo 'create_main_cluster = false' >> /etc/postgresql-common/createcluster.conf \
    && apt-get install -y --no-install-recommends $servers \
    && for pg_dump in /usr/lib/postgresql/*/bin/pg_dump; do "$pg_dump" --version || exit 1; done \
    && apt-get clean \
    && rm -rf /etc/ssl/private/ssl-cert-snakeoil.key /etc/ssl/certs/ssl-cert-snakeoil.pem \
      /var/lib/apt/lists/* /var/lib/dpkg/*-old /var/cache/debconf/*-old /var/cache/ldconfig/aux-cache /var/log/*
COPY --from=build /build/target/release/sponsor-backup /usr/local/bin/sponsor-backup
RUN ["/usr/local/bin/sponsor-backup", "--version"]
ARG REVISION=unknown
ARG VERSION=unknown
LABEL org.opencontainers.image.title="sponsor-backup" \
      org.opencontainers.image.description="Backs up every sponsor's PostgreSQL database to S3 before a deployment, and keeps the record" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="https://github.com/cure-hht/sponsor-backup" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.version="$VERSION"
# The first process of a container is sent no signal that it does not listen for, and has to bury every orphan. The program
# listens; tini buries, and hands on signals and the exit code.
ENTRYPOINT ["/usr/bin/tini", "--", "/usr/local/bin/sponsor-backup"]

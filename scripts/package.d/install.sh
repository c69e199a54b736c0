#!/bin/sh
# Puts pair in place where there is no package of it, or takes it out again. Needs root.
#
#   ./install.sh              into /usr and /etc/logrotate.d; sshd is not touched (that is `pair host setup`)
#   ./install.sh --remove     sshd as it was before; /etc/pair and the access log stay
set -eu
umask 022
here=$(cd "$(dirname "$0")" && pwd)

fail() {
    echo "install.sh: $*" >&2
    exit 1
}
has() { command -v "$1" >/dev/null 2>&1; }
has_systemd() { [ -d /run/systemd/system ]; }
units='pair-refresh.timer pair-refresh.path'
files() { (cd "$here/root" && find . -type f -o -type l) | sed 's/^\.//'; }

[ "$(id -u)" = 0 ] || fail 'needs root'
if has dpkg && dpkg-query --show pair >/dev/null 2>&1; then fail 'the package pair is installed: use apt'; fi

remove() {
    if [ -x /usr/bin/pair ]; then /usr/bin/pair host remove || fail 'sshd could not be taken back; nothing is removed'; fi
    # shellcheck disable=SC2086 # two words
    if has_systemd; then systemctl disable --now $units pair-policy-watch.service pair-doctor.timer; fi
    files | while read -r file; do rm -f "$file"; done
    if has_systemd; then systemctl daemon-reload; fi
    echo 'pair is removed. /etc/pair, /var/log/pair, /var/cache/pair and the user _pair are left.'
}

install_files() {
    missing=$(ldd "$here"/root/usr/bin/* | sed -n 's/^[[:space:]]*\(.*\) => not found.*/\1/p' | sort -u)
    # Loaded when they are wanted, so that ldd knows nothing of them.
    for library in libcrypto.so.3 libcurl.so.4; do
        ldconfig -p | grep -qF "$library" || missing="$missing $library"
    done
    [ -z "$missing" ] || fail "this system lacks:" $missing
    files | while read -r file; do
        mkdir -p "$(dirname "$file")"
        # Another file by the same name: a program that runs goes on with the old one.
        cp "$here/root$file" "$file.new" && chown root:root "$file.new" && mv "$file.new" "$file"
    done
}

make_ready() {
    if has systemd-sysusers; then
        systemd-sysusers /usr/lib/sysusers.d/pair.conf
    elif ! id _pair >/dev/null 2>&1; then
        useradd --system --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin _pair
    fi
    if has systemd-tmpfiles; then systemd-tmpfiles --create /usr/lib/tmpfiles.d/pair.conf; fi
    if has_systemd; then
        systemctl daemon-reload
        # shellcheck disable=SC2086 # two words
        systemctl enable --now $units
        # Where it runs, the one before this.
        systemctl try-restart pair-policy-watch.service
    else
        echo 'No systemd runs here: docs/key-sets.md, "Elsewhere", has what cron must do.'
    fi
}

case ${1-} in
    '')
        install_files
        make_ready
        echo 'pair is installed. Next: pair host setup'
        ;;
    --remove) remove ;;
    *)
        sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
        exit 64
        ;;
esac

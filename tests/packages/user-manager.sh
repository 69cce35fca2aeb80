#!/bin/sh
# user-manager.sh FOLDER UNIT: starts UNIT under a service manager of an unprivileged user, as at that user's login. FOLDER
# is the user's home, with the unit in config/systemd/user. Runs under `unshare --mount`, as root.
set -eu
folder=$1 unit=$2
mount --make-rprivate /
# systemd asks this folder whether it is the system's init.
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/system
mkdir -m 700 "$folder/run"
chown -R nobody "$folder"

# A part of each hierarchy that this user may divide: of cgroup v2, or of what systemd keeps beside v1.
name=telltale-test-$$
for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/systemd; do
	[ -e "$hierarchy/cgroup.procs" ] || continue
	# Read-only in a container; here in this script's own view.
	mount -o remount,rw "$hierarchy" 2>/dev/null || true
	mkdir "$hierarchy/$name"
	chown -R nobody "$hierarchy/$name"
	echo $$ >"$hierarchy/$name/cgroup.procs"
done
leave() {
	for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/systemd; do
		[ -d "$hierarchy/$name" ] || continue
		echo $$ >"$hierarchy/cgroup.procs"
		find "$hierarchy/$name" -depth -type d -exec rmdir {} +
	done
}
trap leave EXIT
trap 'kill "$manager"' TERM

setpriv --reuid=nobody --regid=nogroup --clear-groups env --ignore-environment PATH="$PATH" HOME="$folder" \
	XDG_RUNTIME_DIR="$folder/run" XDG_CONFIG_HOME="$folder/config" \
	/lib/systemd/systemd --user --unit="$unit" --log-target=console &
manager=$!
wait "$manager" || wait "$manager"

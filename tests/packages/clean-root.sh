#!/bin/sh
# clean-root.sh BASE WORK: a mount namespace with a fresh root of this distribution at WORK/root, until it is ended.
# BASE keeps the smallest system and what apt has fetched for it; what is done to the root goes to WORK and leaves BASE
# as it was. Runs under `unshare --mount`, as root; prints "ready".
set -eu
base=$1 work=$2

if [ ! -e "$base/complete-with-updates" ]; then
	rm -rf "$base"
	mkdir -p "$base/archives/partial"
	. /etc/os-release
	from() { apt-get indextargets --format "$1" 'Identifier: Packages' "Codename: $VERSION_CODENAME" | sort -u; }
	components=$(from '$(COMPONENT)' | paste -sd,)
	debootstrap --variant=minbase --components="$components" "$VERSION_CODENAME" "$base/system" "$(from '$(REPO_URI)' | head -n 1)" >&2
	# Its updates too, where a release keeps them apart: Ubuntu's WebKitGTK is too old without.
	apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Identifier: Packages' "Origin: ${NAME%% *}" |
		sort -u >"$base/system/etc/apt/sources.list"
	[ -s "$base/system/etc/apt/sources.list" ]
	touch "$base/complete-with-updates"
fi

mount --make-rprivate /
mkdir "$work/upper" "$work/scratch" "$work/root"
mount -t overlay overlay -o "lowerdir=$base/system,upperdir=$work/upper,workdir=$work/scratch" "$work/root"
cd "$work/root"
mount -t proc proc proc
mount --rbind /sys sys
mount --rbind /dev dev
mkdir -p ./"${TMPDIR:-tmp}"
mount --bind "${TMPDIR:-/tmp}" ./"${TMPDIR:-tmp}"
mount --bind "$base/archives" var/cache/apt/archives
cp -L /etc/resolv.conf etc/resolv.conf
# No daemon is started in here, and nothing needs to survive a power cut.
printf '#!/bin/sh\nexit 101\n' >usr/sbin/policy-rc.d
chmod 755 usr/sbin/policy-rc.d
echo force-unsafe-io >etc/dpkg/dpkg.cfg.d/unsafe-io
echo ready
exec sleep infinity

#!/bin/sh
# Boots systemd in a root that is an overlay: BASE below, FOLDER above. Run with mount, pid, cgroup and network
# namespaces of its own (machine.py), so that nothing outside sees any of these mounts.
#   boot.sh BASE FOLDER
set -eu
base=$1 folder=$2 root=$2/root
mkdir -p "$folder/upper" "$folder/work" "$root"
# It is thrown away, so nothing of it needs to reach the disk: dpkg syncs a lot.
mount -t overlay overlay -o "lowerdir=$base,upperdir=$folder/upper,workdir=$folder/work,volatile" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs tmpfs "$root/sys/fs/cgroup"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/dev"
for node in null zero full random urandom tty; do
  : >"$root/dev/$node"
  mount --bind "/dev/$node" "$root/dev/$node"
done
mkdir "$root/dev/pts" "$root/dev/shm" "$root/run/outside"
mount -t devpts -o newinstance,ptmxmode=0666,gid=5,mode=620 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
cd "$root"
pivot_root . run/outside
umount -l /run/outside
exec env -i container=op /lib/systemd/systemd --unit=multi-user.target

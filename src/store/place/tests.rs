use super::*;

const MOUNTS: &str = "\
21 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
30 21 8:2 / /srv rw - ext4 /dev/sdb1 rw
31 21 8:2 /io/backups /mnt/two\\040words rw - ext4 /dev/sdb1 rw
32 21 0:40 / /mnt/stacked rw - tmpfs tmpfs rw
33 21 0:41 / /mnt/stacked rw - tmpfs tmpfs rw
";

#[test]
fn a_bind_mount_is_known_by_its_path_in_the_file_system() {
    let inner = |path: &str| {
        let (device, inner) = in_file_system(Path::new(path), MOUNTS).unwrap();
        format!("{device} {}", inner.display())
    };
    assert_eq!(inner("/home/backups"), "8:1 /home/backups");
    assert_eq!(inner("/srv"), "8:2 /");
    assert_eq!(inner("/srv/io/backups/2026"), "8:2 /io/backups/2026");
    assert_eq!(inner("/mnt/two words/2026"), "8:2 /io/backups/2026");
    assert_eq!(inner("/srvs"), "8:1 /srvs");
    assert_eq!(inner("/mnt/stacked/x"), "0:41 /x");
    assert_eq!(in_file_system(Path::new("/srv"), "no mounts"), None);
}

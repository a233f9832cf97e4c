use super::*;

#[test]
fn the_system_calls_a_listed_type_by_the_same_name() {
    let here = tempfile::tempdir().unwrap();
    let shared = std::path::Path::new("/dev/shm");
    for path in [here.path(), shared, std::path::Path::new("/proc")] {
        let named =
            std::process::Command::new("stat").args(["-f", "-c", "%t %T"]).arg(path).output().unwrap();
        let named = String::from_utf8(named.stdout).unwrap();
        let (number, name) = named.trim().split_once(' ').unwrap();
        let found = FileSystem::of(std::fs::File::open(path).unwrap()).unwrap();
        assert_eq!(found, FileSystem::of_type(u64::from_str_radix(number, 16).unwrap()), "{named}");
        match (name, found) {
            ("tmpfs", FileSystem::Memory("tmpfs"))
            | ("ext2/ext3", FileSystem::Disk("ext2, ext3 or ext4"))
            | ("xfs", FileSystem::Disk("XFS"))
            | ("btrfs", FileSystem::Disk("Btrfs"))
            | ("overlayfs", FileSystem::Layers("overlayfs"))
            | ("proc", FileSystem::Unlisted(0x9fa0)) => {}
            other => panic!("{}: {other:?}", path.display()),
        }
    }
}

#[test]
fn no_number_is_listed_twice() {
    let mut numbers = LISTED.map(|(number, _)| number);
    numbers.sort_unstable();
    assert!(numbers.windows(2).all(|pair| pair[0] != pair[1]), "{numbers:x?}");
    assert_eq!(FileSystem::of_type(0x4d44).to_string(), "type 0x4d44");
}

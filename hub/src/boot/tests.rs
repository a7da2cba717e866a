//! Settings that are refused, and the folder that one hub has for itself.

use super::*;

fn refused(text: &str) -> Refusal {
    match Settings::parse(text).and_then(Settings::checked) {
        Err(refusal) => refusal,
        Ok(settings) => panic!("{text:?} was taken: {settings:?}"),
    }
}

#[test]
fn an_unknown_setting_is_refused_by_name_with_the_line_to_write() {
    let refusal = refused("bind = \"127.0.0.1\"\nprot = 8110\n");
    assert_eq!((refusal.setting.as_str(), refusal.write_instead.as_str()), ("prot", "port = 8110"));
    assert!(refusal.why.contains("line 2"), "{refusal}");
    let nested = refused("[tls]\nmod = \"self\"\n");
    assert_eq!(nested.setting, "mod");
    assert!(nested.write_instead.starts_with("mode = \"self\""), "{nested}");
}

#[test]
fn empty_wrong_and_dangerous_settings_are_refused() {
    let cases = [
        ("port = \"eight\"", "port"),
        ("port = 99999", "port"),
        ("bind = \"0.0.0.0\"", "tls.mode"),
        ("bind = \"192.168.1.5\"\n[tls]\nmode = \"off\"", "tls.mode"),
        ("[tls]\nmode = \"files\"", "tls.certificate, tls.key"),
        ("[tls]\nmode = \"files\"\ncertificate = \"/nowhere.pem\"\nkey = \"/nowhere.key\"", "tls.certificate"),
        ("[tls]\nmode = \"self\"\nkey = \"/nowhere.key\"", "tls.certificate, tls.key"),
        ("[district]\nname = \"\"", "district.name"),
        ("[district]\nnumber = 0", "district.number"),
        ("[district]\nlat = 0.0\nlng = 0.0", "district.lat, district.lng"),
        ("origins = [\"*\"]", "origins"),
        ("origins = [\"https://a.example/page\"]", "origins"),
        ("public_url = \"help\"", "public_url"),
        ("[store]\nprofile = \"one_server\"", "store.url"),
        ("[store]\nurl = \"postgres://hub@h/b\"\nurl_file = \"/nowhere\"", "store.url"),
        ("[store]\nurl_file = \"/nowhere\"", "store"),
        ("[store]\nurl = \"mysql://hub@h/baiying\"", "store"),
        ("[store]\nurl = \"postgres://hub:secret@h/baiying\"", "store.url"),
        ("[store]\nurl = \"postgres://hub@h/baiying\"\npassword_file = \"/nowhere\"", "store"),
        ("[beat]\nurl_file = \"/nowhere\"", "beat.url_file"),
        ("[beat]\nurl_file = \"/nowhere\"\nevery_s = 0", "beat.every_s"),
        ("[store]\nurl = \"postgres://hub@h/b\"\nformat_max = 99", "store.format_max"),
        ("[store]\ncaller_key_file = \"/nowhere\"", "store.url"),
        ("[store]\nurl = \"postgres://hub@h/b\"\ncaller_key_file = \"/nowhere\"", "store.caller_key_file"),
        ("[log]\nlevel = \"loud\"", "log.level"),
        ("[wake]\nurl = \"http://gateway.example\"\nsecret_file = \"/nowhere\"", "wake.url"),
        ("[wake]\nurl = \"https://gateway.example\"\nsecret_file = \"/nowhere\"", "wake.secret_file"),
    ];
    for (text, setting) in cases {
        let refusal = refused(text);
        assert_eq!(refusal.setting, setting, "{text}: {refusal}");
        assert!(!refusal.write_instead.is_empty(), "{text}");
    }
}

#[test]
fn the_smallest_settings_are_none() {
    let settings = Settings::parse("").and_then(Settings::checked).unwrap();
    assert!(settings.bind.is_loopback() && !settings.secure() && settings.port == 8110);
    let lan = "bind = \"0.0.0.0\"\n[tls]\nmode = \"self\"\n[district]\nnumber = 3\nname = \"抚顺社区\"\nlat = 45.77\nlng = 126.6\n";
    assert!(Settings::parse(lan).and_then(Settings::checked).unwrap().secure());
}

#[test]
fn a_folder_has_one_hub_and_nobody_else_writes_into_it() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("data");
    let first = DataFolder::open(&path).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    let second = DataFolder::open(&path).unwrap_err();
    assert!(format!("{second:#}").contains("another hub"), "{second:#}");
    drop(first);
    DataFolder::open(&path).expect("free again");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o777)).unwrap();
    let open_to_all = DataFolder::open(&path).unwrap_err();
    assert!(format!("{open_to_all:#}").contains("chmod 700"), "{open_to_all:#}");
}

//! Names for people who do not exist, and of real communities of 道里区 (National Bureau of Statistics, codes of 2023).

/// Communities of 兆麟, 新阳路 and 抚顺 streets, whose names the sample's grids carry.
pub const COMMUNITIES: [&str; 10] = [
    "索菲亚社区",
    "兆麟社区",
    "森林社区",
    "省报社社区",
    "银都社区",
    "新阳社区",
    "安祥社区",
    "抚安社区",
    "抚顺社区",
    "安吉社区",
];

const SURNAMES: [&str; 40] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何", "郭", "马",
    "罗", "梁", "宋", "郑", "谢", "韩", "唐", "冯", "于", "董", "萧", "程", "曹", "袁", "邓", "许", "傅", "沈", "曾",
    "彭", "吕",
];

const GIVEN: [&str; 40] = [
    "秀英", "桂兰", "玉珍", "建国", "志强", "丽华", "淑芬", "海涛", "明", "军", "敏", "静", "伟", "芳", "磊", "洋",
    "艳", "勇", "杰", "娟", "涛", "超", "霞", "平", "刚", "桂英", "文博", "雪梅", "春生", "国庆", "晓东", "立新",
    "凤琴", "长河", "松", "雅琴", "振华", "玉兰", "宏", "红梅",
];

const TRADES: [&str; 11] = [
    "水暖维修",
    "电工服务",
    "家电维修",
    "开锁服务",
    "管道疏通",
    "理发店",
    "药房",
    "社区诊所",
    "家政服务",
    "物业工程部",
    "五金店",
];

const SHOPS: [&str; 3] = ["惠民", "松江", "安康"];

/// The name of the person `index`; 1,600 of them differ.
pub fn of_person(index: usize) -> String {
    let surname = SURNAMES[index % SURNAMES.len()];
    let given = GIVEN[(index / SURNAMES.len() + index * 7) % GIVEN.len()];
    format!("{surname}{given}")
}

/// The name of the member business `index`; 33 of them differ. Its trade is `index % 11`.
pub fn of_business(index: usize) -> String {
    format!("{}{}", SHOPS[index / TRADES.len() % SHOPS.len()], TRADES[index % TRADES.len()])
}

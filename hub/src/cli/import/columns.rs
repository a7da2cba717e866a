//! Which columns a file of each kind may have, by their Chinese and English names; templates are made of the same list.

use super::Kind;
use super::report::BadRow;
use super::table::{Row, Table};

/// A column: the name that code uses, and every name that a header may have; the first is the template's.
#[derive(Debug, PartialEq, Eq)]
pub struct Column {
    pub key: &'static str,
    pub names: &'static [&'static str],
    pub required: bool,
    /// What a cell looks like.
    pub example: &'static str,
}

const fn column(key: &'static str, names: &'static [&'static str], required: bool, example: &'static str) -> Column {
    Column { key, names, required, example }
}

const VOLUNTEERS: &[Column] = &[
    column("name", &["姓名", "名称", "name", "姓名/名称"], true, "王建国"),
    column("number", &["编号", "证号", "志愿者编号", "number", "no", "id"], false, "230102-0001"),
    column("phone", &["电话", "手机", "手机号", "联系电话", "phone", "mobile"], false, "13800000000"),
    column("class", &["类别", "类型", "class", "type"], false, "普通志愿者"),
    column("skills", &["技能", "特长", "skills", "skill"], false, "急救@2027-12-31、电工"),
    column("lat", &["纬度", "lat", "latitude"], false, "45.7701"),
    column("lng", &["经度", "lng", "lon", "longitude"], false, "126.6012"),
    column("address", &["地址", "住址", "address"], false, "抚顺街 1 号"),
    column("grid", &["网格", "所属网格", "grid"], false, "抚顺一网格"),
    column("travel", &["出行方式", "travel", "travel_mode"], false, "步行"),
    column("team", &["队伍", "小队", "team"], false, "巡逻队"),
    column("capacity", &["同时接单", "capacity"], false, "1"),
    column("alerts_per_day", &["每日上限", "alerts_per_day", "alerts_per_day_max"], false, "5"),
];

const SKILLS: &[Column] =
    &[column("code", &["代码", "code"], true, "first_aid"), column("name", &["名称", "技能", "name"], true, "急救")];

const MENU: &[Column] = &[
    column("code", &["代码", "编号", "code"], true, "haircut"),
    column("category", &["分类", "类别", "category"], true, "生活服务"),
    column("name", &["名称", "项目", "name", "item"], true, "上门理发"),
    column("kind", &["预案", "事件类型", "kind", "plan"], true, "haircut"),
    column("fee", &["费用", "价格", "fee", "price"], false, "5.00"),
    column("review", &["需审核", "review"], false, "是"),
    column("words", &["说明", "words", "description"], false, "每周二上午"),
];

const PLANS: &[Column] = &[
    column("kind", &["代码", "事件类型", "kind", "code"], true, "kitchen_smoke"),
    column("name", &["名称", "name"], true, "厨房冒烟"),
    column("urgency", &["紧急程度", "urgency"], false, "危及生命"),
    column("level_1", &["一级", "一级人员", "level_1", "roles"], false, "灭火×2、任意×1"),
    column("level_2", &["二级", "二级人员", "level_2"], false, "灭火×2"),
    column("level_3", &["三级", "三级人员", "level_3"], false, ""),
    column("wave_size", &["每轮人数", "wave_size"], false, "6"),
    column("radius_m", &["半径米", "radius_m"], false, "800"),
    column("radius_m_max", &["最大半径米", "radius_m_max"], false, "3000"),
    column("growth_percent", &["每轮扩大百分比", "growth_percent"], false, "60"),
    column("waves_max", &["最多轮数", "waves_max"], false, "5"),
    column("deadline_s", &["应答秒", "deadline_s"], false, "30"),
    column("grid_preference", &["本网格优先", "grid_preference"], false, "300"),
    column("merge_radius_m", &["合并半径米", "merge_radius_m"], false, "150"),
    column("merge_window_min", &["合并分钟", "merge_window_min"], false, "10"),
    column(
        "escalation",
        &["升级", "升级步骤", "escalation"],
        false,
        "60s 扩大; 90s 二级; 120s 上报; 0s! 119 120s 请撤到楼下",
    ),
    column("answer_s", &["接单时限秒", "answer_s"], false, "60"),
    column("arrive_min", &["到场时限分", "arrive_min"], false, "10"),
    column("close_min", &["办结时限分", "close_min"], false, "120"),
    column("rest_min", &["休息分钟", "rest_min"], false, "10"),
    column("alert_budget", &["计入每日上限", "alert_budget"], false, "否"),
    column("several_roles", &["一人多岗", "several_roles", "one_person_several_roles"], false, "否"),
    column("sensitive", &["敏感", "sensitive"], false, "否"),
    column("words", &["给志愿者的话", "words"], false, "带上灭火器"),
];

/// The columns of a kind; grids have none (they are GeoJSON).
pub fn columns_of(kind: Kind) -> &'static [Column] {
    match kind {
        Kind::Grids => &[],
        Kind::Skills => SKILLS,
        Kind::Volunteers => VOLUNTEERS,
        Kind::Plans => PLANS,
        Kind::Menu => MENU,
    }
}

/// A table whose columns are known.
pub struct Sheet {
    /// For each known column its key, the header as the file has it, and where it is.
    places: Vec<(&'static str, String, usize)>,
    pub rows: Vec<Row>,
    /// Headers that mean nothing here.
    pub unused: Vec<String>,
}

/// One row with its columns.
#[derive(Clone, Copy)]
pub struct Line<'a> {
    sheet: &'a Sheet,
    row: &'a Row,
}

impl Sheet {
    /// # Errors
    /// When a needed column is missing, or two headers mean the same column.
    pub fn of(kind: Kind, table: Table) -> Result<Self, String> {
        let columns = columns_of(kind);
        let (mut places, mut unused) = (Vec::new(), Vec::new());
        for (place, header) in table.header.iter().enumerate() {
            let wanted = plain(header);
            match columns.iter().find(|column| column.names.iter().any(|name| plain(name) == wanted)) {
                Some(column) => places.push((column.key, header.clone(), place)),
                None if header.is_empty() => {}
                None => unused.push(header.clone()),
            }
        }
        for column in columns {
            let found = places.iter().filter(|(key, ..)| *key == column.key).count();
            if found == 0 && column.required {
                return Err(format!("the column {} is missing / 缺少列:{}", column.names.join(" | "), column.names[0]));
            }
            if found > 1 {
                return Err(format!("two columns mean {} / 两列都表示:{}", column.key, column.names[0]));
            }
        }
        Ok(Self { places, rows: table.rows, unused })
    }

    pub fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        self.rows.iter().map(|row| Line { sheet: self, row })
    }

    pub fn has(&self, key: &str) -> bool {
        self.places.iter().any(|(known, ..)| *known == key)
    }
}

impl<'a> Line<'a> {
    pub fn number(&self) -> u32 {
        self.row.number
    }

    /// The cell of a column; empty when it or its column is not there.
    pub fn get(&self, key: &str) -> &'a str {
        let place = self.sheet.places.iter().find(|(known, ..)| *known == key);
        place.and_then(|(_, _, place)| self.row.cells.get(*place)).map_or("", String::as_str)
    }

    /// This row is no good because of that column.
    pub fn bad(&self, key: &str, what: impl Into<String>, cure: impl Into<String>) -> BadRow {
        let header = self.sheet.places.iter().find(|(known, ..)| *known == key).map(|(_, header, _)| header.clone());
        let column = header.unwrap_or_else(|| key.to_owned());
        BadRow { row: self.number(), column, what: what.into(), cure: cure.into() }
    }
}

/// A header without case, spaces, brackets and what stands in them.
fn plain(header: &str) -> String {
    let before_brackets = header.split(['(', '(']).next().unwrap_or_default();
    let kept = before_brackets.chars().filter(|c| !c.is_whitespace() && !"*:: ".contains(*c));
    kept.flat_map(char::to_lowercase).collect()
}

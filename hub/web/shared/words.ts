import { language } from "./language";
import type {
  AbortReason,
  AssignmentState,
  DeclineReason,
  Disposition,
  DutyStatus,
  IncidentState,
  OfferState,
  Role,
  StepName,
  TaskKind,
} from "./wire.gen";

type Text = readonly [zh: string, en: string];

/** One table, both languages: a word per thing, the same on every page. `{0}` and `{1}` are filled in. */
const TABLE = {
  // states
  offering: ["正在找人(第 {0} 轮)", "Finding help, wave {0}"],
  short: ["人手不够,还缺 {0} 人", "Short by {0}"],
  overdue: ["已超时 {0} 分钟(督办)", "{0} min overdue"],
  escalated: ["已升级 {0} 次", "Escalated {0}×"],
  stoodDown: ["不用去了,谢谢您", "Not needed, thank you"],
  received: ["送达", "Received"],
  seen: ["已读", "Seen"],
  going: ["我去", "Going"],
  // pages
  name: ["百应", "Baiying"],
  demo: ["演示数据,不会通知任何真人", "Demo data: no real person is notified"],
  drill: ["演练", "DRILL"],
  people: ["{0}/{1} 人", "{0}/{1} people"],
  noNumber: ["—", "—"],
  other: ["EN", "中文"],
  otherLabel: ["Switch to English", "切换到中文"],
  replaced: ["这个账号在别处打开了,这里已停止", "Opened elsewhere; this page has stopped"],
  refused: ["服务拒绝了这个页面,请重新登录", "The hub refuses this page; sign in again"],
  openHere: ["在这里打开", "Open here"],
  signInAgain: ["重新登录", "Sign in again"],
  online: ["在线", "Online"],
  connecting: ["连接中", "Connecting"],
  offline: ["离线,可先操作", "Offline, keep working"],
  // aid between districts
  aidAsked: ["已向 {0} 区求援,{1} 前答复", "District {0} asked for aid, to answer by {1}"],
  aidGiven: ["{0} 区来 {1} 人支援", "District {0} sends {1}"],
  aidDone: ["{0} 区 {1} 人支援完毕", "{1} from district {0} have done it"],
  aidNobody: ["{0} 区无人可派", "District {0} has nobody"],
  aidExpired: ["{0} 区没有按时答复", "No answer from district {0} in time"],
  aidFor: ["支援 {0} 区", "Aid for district {0}"],
  // wall
  wall: ["指挥大屏", "Wall"],
  alarmsOpen: ["警报", "Alarms"],
  onDuty: ["在岗", "On duty"],
  onTheWay: ["途中", "Going"],
  atScene: ["到场", "On scene"],
  lost: ["失联", "No fix"],
  allQuiet: ["没有未办结的警报", "No open alarm"],
  allQuietMore: ["有新警报时,这里马上显示", "A new alarm appears here at once"],
  soundOff: ["点一下,开启声音", "Tap for sound"],
  soundOn: ["声音已开", "Sound on"],
  acknowledge: ["知道了", "Got it"],
  more: ["另有 {0} 件", "{0} more"],
  morePeople: ["另有 {0} 人", "{0} more"],
  firstArrival: ["最早 {0}到", "first in {0}"],
  arrived: ["已有人到场", "someone is there"],
  minutesShort: ["{0} 分钟", "{0} min"],
  underMinute: ["1 分钟内", "under 1 min"],
  nextStep: ["{0}后{1}", "{1} in {0}"],
  seconds: ["{0} 秒", "{0} s"],
  nobodyYet: ["还没有人接单", "nobody has accepted yet"],
  informOnly: ["只通知,不派人", "Told the desk; nobody is sent"],
  deskHandles: ["值班台处理", "The desk handles it"],
  enough: ["人手已够", "enough people"],
  noNextStep: ["没有下一步,请人工处理", "no automatic step left: act by hand"],
  feedStale: ["数据停在 {0}", "Data stopped at {0}"],
  gridShort: ["缺 {0} 人", "short {0}"],
  minutesAgo: ["{0} 分前", "{0} min ago"],
  locked: ["视图已固定,按 0 恢复", "View held: press 0 to return"],
  legendAlarm: ["警报", "Alarm"],
  legendWaiting: ["等待", "Waiting"],
  legendGoing: ["途中", "Going"],
  legendScene: ["到场", "On scene"],
  legendOld: ["旧位置", "Old fix"],
  legendFree: ["在岗", "On duty"],
  mapLabel: ["网格、志愿者和警报的地图", "Map of grids, volunteers and alarms"],
  whoComes: ["谁在去,谁到了", "Who is coming, who is there"],
  whoGoes: ["{0},{1},{2}", "{0}: {1}, {2}"],
  // phone
  startDuty: ["开始值班", "Go on duty"],
  endDuty: ["结束值班", "End duty"],
  dutyWhy: [
    "开始值班后,手机会把位置发给本区调度台,用来派最近的人。只有调度台看得到;结束值班就停。",
    "On duty, this phone sends its position to the district desk, so that the nearest person is asked. Only the desk sees it; it stops when duty ends.",
  ],
  demoPlace: [
    "演示:不取您的真实位置,您在样例里的家中。开始值班后会有派单。",
    "Demo: your real position is not taken; you are at home in the sample. Orders come once you are on duty.",
  ],
  demoPlaceShort: ["演示:位置是模拟的", "Demo: your position is simulated"],
  secondsLeft: ["秒内回复", "s to answer"],
  dutyUntil: ["值班到", "Until"],
  untilIStop: ["我自己结束", "I end it"],
  hours: ["{0} 小时", "{0} h"],
  patrol: ["巡逻模式(屏幕常亮)", "Patrol mode (screen stays on)"],
  patrolWhy: ["锁屏后网页拿不到位置,巡逻时让屏幕亮着。", "A locked phone gives a page no position, so the screen stays on."],
  screenWasOff: ["屏幕关过,那段时间没有位置", "The screen was off: no position meanwhile"],
  insecure: ["这个网址不加密,手机不给位置。请用 https 打开。", "This address is not encrypted, so the phone gives no position. Open it by https."],
  noPosition: ["没有位置,按您的网格派单", "No position: you are asked by your grid"],
  positionOn: ["位置已发送 · 精度 {0} 米", "Position sent · within {0} m"],
  positionWaiting: ["正在定位", "Finding position"],
  dutySince: ["值班中", "On duty"],
  dutyTo: ["到 {0}", "until {0}"],
  waitingForOffer: ["有派单会响铃,并显示在这里", "An order rings and appears here"],
  walk: ["步行约 {0} 分钟 · {1} 米", "{0} min on foot · {1} m"],
  bicycle: ["骑车约 {0} 分钟 · {1} 米", "{0} min by bicycle · {1} m"],
  car: ["开车约 {0} 分钟 · {1} 米", "{0} min by car · {1} m"],
  stillNeeded: ["还需 {0} 人,已问 {1} 人", "{0} more needed, {1} asked"],
  timeLeft: ["还剩 {0} 秒", "{0} s left"],
  accept: ["我去", "I'll go"],
  decline: ["去不了", "Can't"],
  later: ["晚点到", "Later"],
  laterAsk: ["多久能到?", "How long?"],
  orSay: ["或者说一句(原话转给调度台)", "Or say it in words, kept as said"],
  send: ["发送", "Send"],
  back: ["返回", "Back"],
  stillGo: ["我还能去", "I can go"],
  whyNot: ["方便说说原因吗?可以跳过", "Why? You may skip this"],
  skip: ["跳过", "Skip"],
  enRoute: ["我出发了", "On my way"],
  onScene: ["我到了", "I'm here"],
  done: ["办完了", "Done"],
  undo: ["撤销", "Undo"],
  willSend: ["{0} 秒后记下", "noted in {0} s"],
  keptOffline: ["已记下 {0},待发送", "Noted {0}, to be sent"],
  cannotGoOn: ["去不成了", "I can't go on"],
  abortAsk: ["怎么了?调度台会马上另派人", "What happened? The desk sends somebody else at once"],
  placeUnsure: ["位置不准,请打电话核实", "The place is unsure: call to check"],
  callCaller: ["打给求助人", "Call them"],
  theySaid: ["求助人说", "They said"],
  route: ["路线", "Route"],
  redButton: ["按住报警", "Hold: alarm"],
  redHint: ["按住 1.5 秒,马上发出", "Hold 1.5 s; it is sent at once"],
  redHold: ["继续按住", "Keep holding"],
  alarmSending: ["正在发出", "Sending"],
  alarmSent: ["已发出 · {0} 人收到", "Sent · {0} received"],
  alarmHelper: ["{0} 正在赶来", "{0} is coming"],
  mistake: ["按错了(按住)", "Mistake (hold)"],
  mistakeSent: ["已取消,谢谢大家;调度台会回电", "Cancelled with thanks; the desk will call back"],
  noNetwork: ["没有网络,正在不停重试。也可以:", "No network, still trying. You can also:"],
  callNumber: ["打 {0}", "Call {0}"],
  textNumber: ["短信 12110", "Text 12110"],
  smsBody: ["我需要帮助。位置:{0}", "I need help. Position: {0}"],
  smsBodyNoPlace: ["我需要帮助。", "I need help."],
  elder: ["大字", "Large"],
  elderOff: ["标准", "Normal"],
  unsent: ["{0} 项待发送", "{0} to be sent"],
  unconfirmed: ["未确认,正在重试", "Not confirmed, trying again"],
  loading: ["正在取数据", "Loading"],
  // desk
  desk: ["值班台", "desk"],
  openCases: ["{0} 件在办", "{0} open"],
  intake: ["替来电人报警", "Alarm for a caller"],
  intakeWhere: ["在哪个网格", "In which grid"],
  intakeAddress: ["地址,原话", "Address, as told"],
  intakePhone: ["回拨号码", "Call-back number"],
  intakeWhat: ["什么事", "What"],
  intakeWords: ["还说了什么", "What else was said"],
  intakeRaise: ["发出警报", "Raise the alarm"],
  choose: ["请选", "Choose"],
  asked: ["问过谁", "Who was asked"],
  saidNo: ["去不了", "Can't"],
  withdrawn: ["已撤回", "Withdrawn"],
  noAnswer: ["没有回复", "No answer"],
  showCaller: ["看来电内容", "Show the caller"],
  showCallerWhy: ["每次查看都有记录", "each look is recorded"],
  nothingSaid: ["没有说话", "nothing was said"],
  closeAs: ["办结为", "Close as"],
  escalateNow: ["现在升级", "Escalate now"],
  taskDue: ["还有 {0}", "{0} left"],
  taskLate: ["已超时 {0}", "{0} overdue"],
  taskDone: ["办好了", "Done"],
  notReached: ["没联系上", "Not reached"],
  sayToCaller: ["告诉来电人:{0}", "Tell the caller: {0}"],
  // administrator
  newAccount: ["新账号", "New account"],
  role: ["角色", "Role"],
  accountName: ["账号(小写字母和数字)", "Account (a-z, 0-9)"],
  personName: ["姓名或用处", "Name, or what it is for"],
  makeLink: ["建立并生成登录链接", "Make it, with a sign-in link"],
  linkMade: ["{0} 的登录链接,{1} 前有效,只能用一次", "Sign-in link for {0}, good until {1}, once"],
  linkHow: ["发给本人,或在大屏的浏览器里打开", "Send it to its owner, or open it in the wall's browser"],
  accounts: ["账号", "Accounts"],
  disable: ["停用", "Disable"],
  disabled: ["已停用", "Disabled"],
  adminRest: ["网格、预案、志愿者用命令行导入:hub import、hub invite(见 docs/OPERATIONS.md)", "Grids, plans and volunteers come by command line: hub import, hub invite (see docs/OPERATIONS.md)"],
  emergency: ["紧急求助", "Emergency"],
  // resident
  residentTitle: ["需要帮忙?", "Need help?"],
  residentHow: ["按住下面的红色按钮,最近的志愿者会马上来。不用登录。", "Hold the red button below: the nearest volunteers come at once. No sign-in is needed."],
  residentDemo: ["演示:不取您的真实位置,求助地点是示范街道中心。", "Demo: your real position is not taken; you call from the middle of the sample district."],
  tellPlace: ["告诉大家我在哪里", "Tell them where I am"],
  tellPlaceWhy: ["求助时把位置发给值班台和赶来的人,别人看不到;关掉这个页面就停。", "When you call, the desk and those who come get your position, nobody else; closing this page stops it."],
  positionKnown: ["位置已知道,求助时一起发出", "Your position is known and goes with your call"],
  residentNoPlace: ["没有位置:求助后请接电话说明在哪里", "No position: after calling, say by telephone where you are"],
  myCalls: ["我的求助", "My calls"],
  hotlines: ["也可以打电话", "You can also telephone"],
  // sign-in
  signIn: ["登录", "Sign in"],
  account: ["账号", "Account"],
  password: ["密码", "Password"],
  linkWorking: ["正在用一次性链接登录", "Signing in by one-time link"],
  linkBad: ["这个链接用不了:", "This link does not work: "],
  noDefault: ["没有初始密码。演示的登录链接印在启动服务的窗口里。", "There is no default password. The demo's sign-in links are printed where the hub was started."],
  signedInAs: ["已登录:{0}", "Signed in: {0}"],
  noPageForRole: ["这个角色现在用命令行和接口工作;看大屏请用大屏链接登录。", "This role works by command line and API for now; use a wall link to see the wall."],
  noHub: ["连不上服务,请看服务是否在运行", "No answer from the hub: is it running?"],
} as const satisfies Record<string, Text>;

export type Word = keyof typeof TABLE;

/** The word in the language of the page. A component that calls it is drawn again when the language changes. */
export function say(word: Word, ...fill: (string | number)[]): string {
  const text = TABLE[word][language.value === "zh" ? 0 : 1];
  return text.replace(/\{(\d)\}/g, (_, index: string) => String(fill[Number(index)] ?? "—"));
}

const pick = (text: Text) => text[language.value === "zh" ? 0 : 1];

const INCIDENT: Record<IncidentState, Text> = {
  open: ["待派", "Open"],
  offering: ["正在找人", "Finding help"],
  assigned: ["已接单", "Accepted"],
  en_route: ["途中", "Going"],
  on_scene: ["到场", "On scene"],
  closed: ["已办结", "Closed"],
  cancelled: ["已取消", "Cancelled"],
  duplicate_of: ["已合并", "Merged"],
};
export const incidentState = (state: IncidentState) => pick(INCIDENT[state]);

const OFFER: Record<OfferState, Text> = {
  made: ["送达", "Received"],
  received: ["送达", "Received"],
  seen: ["已读", "Seen"],
  accepted: ["已接单", "Accepted"],
  declined: ["已回复去不了", "You said you can't"],
  expired: ["已超时,仍可报名", "Time is up; you can still come"],
  withdrawn: ["已有人去了,谢谢您", "Others are going, thank you"],
};
export const offerState = (state: OfferState) => pick(OFFER[state]);

const ASSIGNMENT: Record<AssignmentState, Text> = {
  assigned: ["已接单", "Accepted"],
  en_route: ["途中", "Going"],
  on_scene: ["到场", "On scene"],
  done: ["办完了", "Done"],
  aborted: ["没去成", "Could not go"],
  substituted_by: ["已换人", "Substituted"],
  stood_down: ["不用去了,谢谢您", "Not needed, thank you"],
};
export const assignmentState = (state: AssignmentState) => pick(ASSIGNMENT[state]);

const DUTY: Record<DutyStatus, Text> = {
  off_duty: ["未值班", "Off duty"],
  available: ["在岗", "Available"],
  on_patrol: ["巡逻", "On patrol"],
  resting: ["休息", "Resting"],
};
export const dutyStatus = (status: DutyStatus) => pick(DUTY[status]);

const STEP: Record<StepName, Text> = {
  widen: ["扩大范围", "wider search"],
  ask_neighbour: ["向邻区求援", "ask the neighbour"],
  raise_level: ["提高级别", "higher level"],
  add_roles: ["增派人手", "more roles"],
  tell_supervisor: ["报告负责人", "tell the supervisor"],
  hand_over_110: ["转 110", "hand over to 110"],
  hand_over_119: ["转 119", "hand over to 119"],
  hand_over_120: ["转 120", "hand over to 120"],
};
export const stepName = (step: StepName) => pick(STEP[step]);

const ROLE: Partial<Record<Role, Text>> = {
  operator: ["值班员", "Operator"],
  team_leader: ["队长", "Team leader"],
  reviewer: ["审核员", "Reviewer"],
  wall: ["大屏", "Wall"],
  admin: ["管理员", "Administrator"],
  integration: ["外部系统", "Other system"],
};
export const roleName = (role: Role) => pick(ROLE[role] ?? [role, role]);

const TASK: Record<TaskKind, Text> = {
  hand_over_110: ["转 110", "Hand over to 110"],
  hand_over_119: ["转 119", "Hand over to 119"],
  hand_over_120: ["转 120", "Hand over to 120"],
  call_back: ["回电", "Call back"],
  supervise: ["督办", "Supervise"],
};
export const taskKind = (kind: TaskKind) => pick(TASK[kind]);

/** Those that a desk closes by; a hand-over closes by its task. */
const DISPOSITION: Partial<Record<Disposition, Text>> = {
  resolved: ["已解决", "Resolved"],
  no_dispatch_needed: ["不用派人", "Nobody needed"],
  false_alarm: ["误报", "False alarm"],
  nobody_found: ["没找到人", "Nobody found"],
  could_not_reach: ["联系不上", "Not reached"],
};
export const dispositions = () => Object.entries(DISPOSITION).map(([disposition, text]) => [disposition as Disposition, pick(text)] as const);

const DECLINE: Partial<Record<DeclineReason, Text>> = {
  busy: ["走不开", "Busy"],
  too_far: ["太远", "Too far"],
  unwell: ["身体不适", "Unwell"],
  not_qualified: ["不会做", "Not able"],
};
/** The reason as the desk reads it; nothing when none was given. */
export const declineReason = (reason: DeclineReason) => (reason === "later" ? say("later") : DECLINE[reason] && pick(DECLINE[reason]));
export const declineReasons = () => Object.entries(DECLINE).map(([reason, text]) => [reason as DeclineReason, pick(text)] as const);

const ABORT: Record<Exclude<AbortReason, "not_said" | "by_desk">, Text> = {
  cannot_go: ["去不了", "Cannot go"],
  not_found: ["没找到", "Not found"],
  unsafe: ["不安全", "Not safe"],
};
export const abortReasons = () => Object.entries(ABORT).map(([reason, text]) => [reason as AbortReason, pick(text)] as const);

//! Words of units and of what happens to them.

use super::pick;
use crate::page::language::Language;
use wire::common::v1::{CorrectionKind, Counter, ReportKind, UnitKind, UnitStatus};

/// The state of a unit.
pub(crate) fn status(language: Language, status: UnitStatus) -> &'static str {
    let texts = match status {
        UnitStatus::Unspecified => ["–", "–", "–"],
        UnitStatus::Expected => ["expected", "ожидается", "күтілуде"],
        UnitStatus::Open => ["open", "открыт", "ашық"],
        UnitStatus::NotOpened => ["not opened", "не открылся", "ашылмаған"],
        UnitStatus::Partial => ["partial", "частично", "ішінара"],
        UnitStatus::Complete => ["complete", "полностью", "толық"],
        UnitStatus::Closed => ["closed", "закрыт", "жабық"],
        UnitStatus::UnderRecount => ["under recount", "пересчёт", "қайта саналуда"],
        UnitStatus::Annulled => ["annulled", "отменён", "күші жойылған"],
        UnitStatus::RepeatOrdered => [
            "repeat vote ordered",
            "назначено повторное голосование",
            "қайта дауыс беру тағайындалды",
        ],
        UnitStatus::Merged => ["merged", "объединён", "біріктірілген"],
    };
    pick(language, texts)
}

/// What reports.
pub(crate) fn unit_kind(language: Language, kind: UnitKind) -> &'static str {
    let texts = match kind {
        UnitKind::Unspecified | UnitKind::Station => ["station", "участок", "учаске"],
        UnitKind::Mobile => ["mobile box", "переносной ящик", "тасымалды жәшік"],
        UnitKind::Hospital => ["hospital", "больница", "аурухана"],
        UnitKind::Abroad => ["abroad", "за рубежом", "шетелде"],
        UnitKind::PostalBatch => ["postal votes", "голоса по почте", "пошта дауыстары"],
        UnitKind::EnvelopeCentre => ["envelope centre", "центр конвертов", "конверт орталығы"],
    };
    pick(language, texts)
}

/// What brought a correction about.
pub(crate) fn correction(language: Language, kind: CorrectionKind) -> &'static str {
    let texts = match kind {
        CorrectionKind::Unspecified | CorrectionKind::Correction => {
            ["Correction", "Исправление", "Түзету"]
        }
        CorrectionKind::Recount => ["Recount", "Пересчёт", "Қайта санау"],
        CorrectionKind::RepeatVote => ["Repeat vote", "Повторное голосование", "Қайта дауыс беру"],
        CorrectionKind::Withdrawal => ["Withdrawn", "Отозвано", "Қайтарып алынды"],
        CorrectionKind::Status => ["State changed", "Изменено состояние", "Күйі өзгерді"],
        CorrectionKind::Review => ["After review", "После проверки", "Тексеруден кейін"],
        CorrectionKind::Report => [
            "Ordered report",
            "Предписанный протокол",
            "Тапсырылған хаттама",
        ],
    };
    pick(language, texts)
}

/// What a report is.
pub(crate) fn report(language: Language, kind: ReportKind) -> &'static str {
    let texts = match kind {
        ReportKind::Unspecified => ["report", "протокол", "хаттама"],
        ReportKind::Partial => ["partial report", "частичный протокол", "ішінара хаттама"],
        ReportKind::Full => ["full report", "полный протокол", "толық хаттама"],
        ReportKind::Correction => ["correction", "исправление", "түзету"],
        ReportKind::Recount => ["recount", "пересчёт", "қайта санау"],
        ReportKind::RepeatVote => ["repeat vote", "повторное голосование", "қайта дауыс беру"],
    };
    pick(language, texts)
}

/// A counter of the form.
pub(crate) fn counter(language: Language, counter: Counter) -> &'static str {
    let texts = match counter {
        Counter::Unspecified => ["–", "–", "–"],
        Counter::RollAtClose => [
            "Voters on the roll at close",
            "Избирателей на момент окончания",
            "Жабылу сәтіндегі сайлаушылар",
        ],
        Counter::BallotsReceived => [
            "Ballots received",
            "Получено бюллетеней",
            "Алынған бюллетеньдер",
        ],
        Counter::BallotsIssued => [
            "Ballots issued",
            "Выдано бюллетеней",
            "Берілген бюллетеньдер",
        ],
        Counter::BallotsUnused => [
            "Unused ballots",
            "Погашено бюллетеней",
            "Пайдаланылмаған бюллетеньдер",
        ],
        Counter::BallotsSpoiled => [
            "Spoiled ballots",
            "Испорчено бюллетеней",
            "Бүлінген бюллетеньдер",
        ],
        Counter::BoxFixed => [
            "In fixed boxes",
            "В стационарных ящиках",
            "Тұрақты жәшіктерде",
        ],
        Counter::BoxPortable => [
            "In portable boxes",
            "В переносных ящиках",
            "Тасымалды жәшіктерде",
        ],
        Counter::Certificates => [
            "Absentee certificates",
            "По открепительным",
            "Есептен шығару куәлігімен",
        ],
        Counter::Papers => [
            "Papers counted",
            "Извлечено бюллетеней",
            "Жәшіктен алынған бюллетеньдер",
        ],
        Counter::Invalid => [
            "Invalid ballots",
            "Недействительных",
            "Жарамсыз бюллетеньдер",
        ],
        Counter::Blank => ["Blank ballots", "Пустых", "Бос бюллетеньдер"],
        Counter::Valid => ["Valid ballots", "Действительных", "Жарамды бюллетеньдер"],
        Counter::AgainstAll => ["Against all", "Против всех", "Бәріне қарсы"],
    };
    pick(language, texts)
}

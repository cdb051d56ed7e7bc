/**
 * Records of reports in memory.
 */
import type { Group, KeptEvent, ReportRecords, SealedReport } from '../../functions/report/ports.ts';

interface GroupRecord {
  readonly events: Map<string, KeptEvent>;
  readonly reports: SealedReport[];
}

/** Records that end with their process. */
export class MemoryReports implements ReportRecords {
  readonly #groups = new Map<string, GroupRecord>();

  /** Every report that was begun. */
  get reports(): readonly SealedReport[] {
    return [...this.#groups.values()].flatMap(({ reports }) => reports);
  }

  async keep(group: Group, kept: KeptEvent): Promise<void> {
    const { events } = this.#group(group);
    const { eventId } = kept.event.lmtp;
    if (!events.has(eventId)) events.set(eventId, structuredClone(kept));
  }

  async read(group: Group) {
    const { events, reports } = this.#group(group);
    return structuredClone({ events: [...events.values()], reports });
  }

  async seal(group: Group, report: SealedReport): Promise<void> {
    const { reports } = this.#group(group);
    if (report.number === reports.length) reports.push(structuredClone(report));
  }

  async takeOver(group: Group, { number, by: before }: SealedReport, by: string, lease: number): Promise<boolean> {
    const there = this.#group(group).reports[number];
    if (there === undefined || there.by !== before || there.isDone) return false;
    this.#change(group, number, { by, lease });
    return true;
  }

  async recordHandedOver(group: Group, number: number, role: string): Promise<void> {
    const handedOver = this.#group(group).reports[number]?.handedOver ?? [];
    this.#change(group, number, { handedOver: [...new Set([...handedOver, role])] });
  }

  async markDone(group: Group, number: number): Promise<void> {
    this.#change(group, number, { isDone: true });
  }

  #change(group: Group, number: number, changes: Partial<SealedReport>): void {
    const { reports } = this.#group(group);
    const there = reports[number];
    if (there === undefined) throw new Error(`no report ${number}`);
    reports[number] = { ...there, ...changes };
  }

  #group({ id, kind, pass }: Group): GroupRecord {
    const name = `${id} ${kind} ${pass}`;
    const group = this.#groups.get(name) ?? { events: new Map(), reports: [] };
    this.#groups.set(name, group);
    return group;
  }
}

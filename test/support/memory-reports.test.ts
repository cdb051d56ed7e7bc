import { MemoryReports } from './memory-reports.ts';
import { reportRecordsContract } from './report-records-contract.ts';

const records = new MemoryReports();
reportRecordsContract('records of reports in memory', () => records);

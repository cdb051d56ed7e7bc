import { App } from 'aws-cdk-lib';
import { SesToCyrus } from './ses-to-cyrus.ts';

new SesToCyrus(new App(), 'Mail');
